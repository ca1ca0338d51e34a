"""What all assets bring together, each by the path of its verdict; how that goes with the verdict; and what values count. In words."""

from __future__ import annotations

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.numbers import WHOLE, chance_at_best, each_at_best, paid_once, sum_at_best
from fourwalls.surfaces import evidence_words, wording
from fourwalls.surfaces.evidence_words import PathTold

EACH = "Each asset by its verdict"
_DEFAULTS = ", at costs that are defaults and not yours"
# What the verdict says by itself where a path is not likely to pay.
_UNLIKELY = "no path is likely to bring more than it costs"
_ACTED_ON = ("operate", "orchestrate", "operate then orchestrate")


def counted(diagnosis: Diagnosis) -> str:
    """What stands between a margin a year and a value: "Margin a year is of the whole gap. …"; "" where nothing says."""
    said = {a.name: a.value for a in diagnosis.assumptions}
    if not said.keys() >= {"attainable_share", "ramp_weeks", "discount_rate", "horizon_years"}:
        return ""
    return wording.prose(
        f"Margin a year is of the whole gap. Values count {wording.percent(said['attainable_share'])} of it as attainable, reached "
        f"over {said['ramp_weeks']:.3g} weeks, for {evidence_words.horizon(diagnosis)} at {wording.percent(said['discount_rate'])} a year, "
        "less what the path costs. Pays after: the same, without interest."
    )


def row(diagnosis: Diagnosis) -> PathTold | None:
    """All assets, each by the path of its verdict, as a row beside the paths; None where none acts, or there is one asset."""
    value, chosen = sum_at_best(diagnosis), each_at_best(diagnosis)
    if value is None or not chosen or len(diagnosis.assets) < 2:
        return None
    currency = diagnosis.currency
    gain, one_off, run, stock = (
        sum(getattr(p, field) for _, p in chosen) for field in ("gain_per_year", "one_off", "run_per_year", "stock")
    )
    once = paid_once(diagnosis)
    told = [evidence_words.money(x, currency) for x in (gain, one_off - (once[1] if once else 0.0), run, stock)]
    sure = chance_at_best(diagnosis)
    return PathTold(
        path=EACH, value=wording.said(value), gain=told[0], one_off=told[1], run=told[2], stock=told[3], payback="–",
        chance="–" if sure is None else wording.chance(sure), is_best=True, at=f"{WHOLE}.best",
    )  # fmt: skip


def rows(asset: AssetDiagnosis, diagnosis: Diagnosis) -> tuple[PathTold, ...]:
    """The paths of an asset; of the whole portfolio first what each asset brings by its own verdict."""
    paths = evidence_words.path_rows(asset, diagnosis.currency)
    best = row(diagnosis) if asset is diagnosis.total and paths else None
    if best is None:
        return paths
    return (best, *(r.for_all(_whom(diagnosis)) for r in paths))


def _whom(diagnosis: Diagnosis) -> str:
    """Whom a path for all is meant for: assets whose value nobody can tell are in no sum."""
    valued = sum(bool(a.paths) for a in diagnosis.assets)
    return (
        "All assets"
        if valued == len(diagnosis.assets)
        else f"All {valued} with a value"
        if valued > 1
        else "The one with a value"
    )


def of_one_path(diagnosis: Diagnosis) -> str:
    """What the best of the paths brings if all assets took it: "EUR 29,000, to operate then orchestrate"; "" where none pays."""
    first = evidence_words.best_path(diagnosis.total)
    return "" if first is None else f"{wording.said(first.value).value}, to {first.path}"


def beside(asset: AssetDiagnosis, diagnosis: Diagnosis) -> str:
    """Where the verdict and the money differ, why, in a sentence; "" where they agree or nothing is priced."""
    if not asset.paths:
        return ""
    if asset is diagnosis.total:
        return _of_portfolio(diagnosis)
    best, is_default = evidence_words.best_path(asset), any(p.is_default for p in asset.paths)
    costs = _DEFAULTS if is_default else ""
    if asset.verdict in _ACTED_ON:
        if best is None and "default costs" in asset.because:
            # The verdict's own reason says it already.
            return ""
        if best is None:
            return f"The verdict says where the losses lie; in money no path brings more than it costs{costs}."
        if best.path != asset.verdict and not is_default:
            return wording.prose(
                f"To {best.path} would bring {wording.said(best.value).value} on average: too close to tell apart."
            )
        if best.path != asset.verdict:
            return wording.prose(
                f"The verdict says where the losses lie; in money to {best.path} brings most: {wording.said(best.value)}{costs}."
            )
    if asset.verdict == "leave it" and best is not None and _UNLIKELY not in asset.because:
        sure = wording.chance(best.chance)
        return wording.prose(f"To {best.path} is expected to bring {wording.said(best.value)}{costs}; the chance that it is best is {sure}.")  # fmt: skip
    return ""


def _of_portfolio(diagnosis: Diagnosis) -> str:
    """What all bring together, beside what one path for all would."""
    value, chosen = sum_at_best(diagnosis), each_at_best(diagnosis)
    costs = _DEFAULTS if any(p.is_default for p in diagnosis.total.paths) else ""
    if value is None or not chosen:
        return f"The verdict says where the losses lie; in money no asset has a path to act on{costs}."
    if len(diagnosis.assets) < 2:
        return ""
    one = of_one_path(diagnosis)
    whom = "all" if _whom(diagnosis) == "All assets" else f"{_whom(diagnosis)[:1].lower()}{_whom(diagnosis)[1:]}"
    alike = f"the same path for {whom} would bring {one}, at most" if one else f"no path would pay for {whom}"
    return wording.prose(
        f"Together they bring {wording.said(value).value} over {evidence_words.horizon(diagnosis)}{costs}; {alike}."
    )
