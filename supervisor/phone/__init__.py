"""Control from a phone: a process beside the tree that asks a Telegram bot for news, answers, and latches stops.

It loosens nothing, closes nothing, holds no login of a broker, and needs nothing that runs; ray is not imported.
"""
