"""The order logic alone, in one process: a real executor, modelled connections and brokers, virtual time, any fault.

`broker` and `link` are the model; `world` puts the executor into it; `luck` draws what happens; `play` is one seed, and
`seeds` many. Hypothesis drives the same world by hand in the tests.
"""
