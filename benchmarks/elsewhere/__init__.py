"""A second maker of retailers, which shares nothing with `fourwalls.worlds` but the tables it writes.

Our own worlds and our diagnosis grew up together. This one was written from the canonical tables, the conventions and
portfolio.toml alone, so that what both of ours take for granted can show. Run it as::

    python -m benchmarks.elsewhere [--kind KIND] [--worlds N] [--seed S] [--only NAME] [--keep FOLDER] [--out FILE]

Customers' wishes are drawn line by line before anything else; a company then lives through them: `buying` its goods day by
day, `parcels` through queues, pick-ups and roads hour by hour, `books` for what is written down beside. Every draw is
keyed by what it is about (`luck`), so a life with something mended differs by the mending alone. `companies` has three
makes, `defects` what may be wrong with them, `worlds` the list that is judged.

`kinds` has companies that share neither goods nor ways with these: a wholesaler, a chain of shops, a fashion retailer;
`--kind` chooses one of them, or `new` all. They are judged by the same truth.

*Truth.* Four lives of each world: as it is, the inside mended, the rest mended, all mended. Margin is gross margin of what
arrived, less fulfilment, late_line_cost_share of the value of late lines, what was booked, our hours of case work at the
wage, and the carrying cost of stock. The gain a year goes through ramp, part reached, discounting and costs as in
portfolio.toml; the best path is the one of highest value, if above 0.

*Fairness.* A sound company is not perfect: parcels slip, suppliers come late, things are mislaid, a little everywhere. Only
what exceeds that is a defect, and defects are local, so that comparable places are sound, or a target in
portfolio.toml says what is expected.
"""
