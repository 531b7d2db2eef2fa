"""What readers do, as a table and two charts: shares with their intervals, and nothing where there are too few."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from cxr_core.drift.conduct import FEWEST, Kappa, Month, Share
from cxr_core.ui import charts as dark
from cxr_core.ui import colours

HEADS = (
    ("Month", "", "left"), ("Reads", "Final reads", "right"),
    ("Agree with the model", "Final reads that say what the model said, having seen it", "right"),
    ("Kappa, reader and model", "Beyond chance, by opinions given before or without seeing the model's", "right"),
    ("Kappa, two readers", "Beyond chance, of the same image, by what each said alone", "right"),
    ("Changed to the model's", "Of own opinions that differed from the model's before it was shown", "right"),
    ("Changed away from it", "Of own opinions that were the model's", "right"),
    ("Beneficial corrections", "Of changes, those to what the other reader said without the model", "right"),
    ("Harmful reversals", "Of changes, those away from what the other reader said without the model", "right"),
    ("Seconds a case", "Median", "right"),
)  # fmt: skip


def explained() -> None:
    """What is counted, and what isn't shown."""
    st.caption(
        f"Of all readers together, with 95 % intervals; nobody is shown alone. Under {FEWEST} there is no number: a "
        "few reads say nothing. Kappa is of opinions given before or without seeing the model's; changes can be seen "
        "only where a list is read as second reader."
    )


def table(months: list[Month]) -> None:
    """A row a month, the newest first."""
    head = "".join(f'<th class="{side}" title="{why}">{name}</th>' for name, why, side in HEADS)
    rows = "".join(f"<tr>{''.join(_cell(value) for value in _values(month))}</tr>" for month in reversed(months))
    st.html(f'<table class="grid conduct"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def charts(months: list[Month]) -> None:
    """Agreement and kappa over the months."""
    left, right = st.columns(2)
    with left:
        figure = go.Figure()
        told = [month for month in months if month.agreed.n >= FEWEST]
        _line(figure, told, [100 * month.agreed.count / month.agreed.n for month in told],
              [tuple(100 * end for end in month.agreed.interval) for month in told], colours.BLUE)  # fmt: skip
        dark.show(dark.dressed(figure, 240, "Agree with the model, in %"), "agree")
    if not any(month.independent or month.between for month in months):
        right.caption("Kappa is drawn once enough opinions were given before or without seeing the model's.")
        return
    with right:
        figure = go.Figure()
        for colour, name in ((colours.GREEN, "independent"), (colours.VIOLET, "between")):
            found = [(month, value) for month in months if (value := getattr(month, name))]
            _line(figure, [month for month, _ in found], [value.value for _, value in found],
                  [(value.low, value.high) for _, value in found], colour)  # fmt: skip
        figure.update_yaxes(range=[-0.2, 1.05])
        spans = ((colours.GREEN, "reader and model"), (colours.VIOLET, "two readers"))
        named = ", ".join(f'<span style="color:{colour}">{name}</span>' for colour, name in spans)
        dark.show(dark.dressed(figure, 240, f"Kappa: {named}"), "kappa")


def _line(
    figure: go.Figure, months: list[Month], values: list[float], ends: list[tuple[float, ...]], colour: str
) -> None:
    up = [high - value for value, (_, high) in zip(values, ends, strict=True)]
    down = [value - low for value, (low, _) in zip(values, ends, strict=True)]
    figure.add_scatter(
        x=[month.start for month in months], y=values, mode="lines+markers", line={"color": colour, "width": 2},
        error_y={"array": up, "arrayminus": down, "width": 3, "thickness": 1}, hovertemplate="%{y:.2f}<extra></extra>",
    )  # fmt: skip


def _values(month: Month) -> tuple[str, ...]:
    return (
        f"{month.start:%Y-%m}", str(month.reads), _share(month.agreed),
        _kappa(month.independent), _kappa(month.between), _share(month.towards),
        _share(month.away), _share(month.corrected), _share(month.reversed), f"{month.seconds:.0f}",
    )  # fmt: skip


def _cell(value: str) -> str:
    return f'<td class="number">{value}</td>'


def _share(share: Share) -> str:
    if share.n < FEWEST:
        return f'<span class="dim">{share.count} of {share.n}</span>' if share.n else '<span class="dim">–</span>'
    low, high = share.interval
    return f'{share.count / share.n:.0%} <span class="dim">({low:.0%} to {high:.0%}) of {share.n}</span>'


def _kappa(found: Kappa | None) -> str:
    if found is None:
        return '<span class="dim">too few</span>'
    return f'{found.value:.2f} <span class="dim">({found.low:.2f} to {found.high:.2f}) of {found.n}</span>'
