"""Kinds of company with dynamics of their own, judged like the others: `python -m benchmarks.elsewhere --kind NAME`.

*wholesaler*: some dozens of customers with rhythms, large lumpy lines, backorders, containers from far away, own tours.
*shops*: one centre and a dozen shops with walk-in sales and planograms, promotions, and goods brought home by a partner.
*seasons*: fashion in sizes, bought once for half a year, sent back by the third, marked down at the end.

`frame` has what they share: a house, its faults, its money, the truth by living again. Nothing of how goods move is shared.
"""
