"""The pages: one site of self-contained HTML made from what the jobs and records say.

A page is built in three steps, each in a room of its own: `findings` turns numbers into sentences,
`plots` turns them into pictures, `pages` puts both together with the tables behind them. `site`
renders the pages and swaps them in. Nothing here trains, scores or reads a table of clients.
"""
