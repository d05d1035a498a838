"""The paper venue: a market, and the brokers' servers in front of it, behind real sockets.

Paper and live differ in URLs and credentials alone: everything here speaks the brokers' own wire protocols, and nothing
outside this package imports it but the composition root. Markets (`lean`, `replay`, `synthetic`) yield `Batch`es;
`exchange` matches orders against them; `account` keeps what a broker would; the servers translate.
"""
