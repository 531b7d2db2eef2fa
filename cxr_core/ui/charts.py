"""Charts for a dark room: thin lines, no decoration, the same colours everywhere."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from cxr_core.ui.colours import AMBER, BLUE, DIM, GREEN, VIOLET

PAPER, GRID, TEXT = "rgba(0,0,0,0)", "#20262b", "#cfd6da"
RAMP = ((0.0, "#12161a"), (1.0, "#2f6f8c"))
SERIES = ((BLUE, "solid"), (AMBER, "dash"), (GREEN, "dot"), (VIOLET, "dashdot"))
"""Colours and strokes, so that curves that lie on each other are all seen."""
CORNER = 0.25
"""Of each axis of a ROC curve: where good models differ."""
FONT = "Source Sans, sans-serif"
CONFIG = {"displayModeBar": False}
_AXIS = {"gridcolor": GRID, "zeroline": False, "title": {"font": {"size": 12}}, "automargin": True}
AXES = go.layout.Template(layout={"xaxis": _AXIS, "yaxis": _AXIS})
"""What all axes have in common: said once, however many a figure has."""


def dressed(figure: go.Figure, height: int, title: str = "") -> go.Figure:
    """The figure with this project's look, `height` pixels high."""
    figure.update_layout(
        height=height, margin={"l": 44, "r": 10, "t": 28 if title else 8, "b": 28}, paper_bgcolor=PAPER,
        plot_bgcolor=PAPER, font={"family": FONT, "size": 12, "color": DIM}, showlegend=False, hovermode="x unified",
        title={"text": title, "font": {"size": 13, "color": TEXT}, "x": 0, "xanchor": "left", "y": 0.98},
        template=AXES,
    )  # fmt: skip
    return figure


def show(figure: go.Figure, key: str) -> None:
    """Draw a figure across its column."""
    st.plotly_chart(figure, theme=None, key=key, config=CONFIG, width="stretch")


def curves(history: list[dict[str, Any]], key: str) -> None:
    """Loss and validation AUC by epoch, side by side."""
    epochs = [point["epoch"] for point in history]
    loss, auc = go.Figure(), go.Figure()
    for name, title, colour in (("loss", "training", BLUE), ("validation_loss", "validation", AMBER)):
        loss.add_scatter(
            x=epochs, y=[point.get(name) for point in history], name=title, line={"color": colour, "width": 2}
        )
    auc.add_scatter(
        x=epochs, y=[point.get("validation_auc") for point in history], name="validation AUC",
        mode="lines+markers", line={"color": GREEN, "width": 2},
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        in_colour = (f'<span style="color:{line.line.color}">{line.name}</span>' for line in loss.data)
        show(dressed(loss, 210, f"Loss: {', '.join(in_colour)}"), f"{key}-loss")
    with right:
        dressed(auc, 210, "AUC on the validation patients")
        auc.update_yaxes(range=[_floor(history), 1.005])
        show(auc, f"{key}-auc")


def _floor(history: list[dict[str, Any]]) -> float:
    """Where the AUC's axis begins: a little below the lowest value."""
    found = [point["validation_auc"] for point in history if point.get("validation_auc") is not None]
    return max(0.0, min(found, default=0.5) - 0.02)


def confusion(matrix: list[list[int]], key: str, title: str = "Confusion at the threshold") -> None:
    """A 2 x 2 confusion matrix with its counts; rows are the truth."""
    names = ["Normal", "Pneumonia"]
    figure = go.Figure(go.Heatmap(
        z=matrix, x=names, y=names, text=matrix, texttemplate="%{text}", textfont={"size": 17, "color": TEXT},
        colorscale=RAMP, showscale=False, hovertemplate="truth %{y}, model %{x}: %{z}<extra></extra>", xgap=3, ygap=3,
    ))  # fmt: skip
    dressed(figure, 220, title)
    figure.update_layout(hovermode="closest", margin={"l": 90, "b": 40})
    figure.update_xaxes(title="model", side="bottom", showgrid=False)
    figure.update_yaxes(title="truth", autorange="reversed", showgrid=False)
    show(figure, key)


def reliability(bins: list[dict[str, Any]], key: str) -> None:
    """What was said against what was true, by bins of probability, with 95 % intervals; on the line is honest."""
    said, true = [found["said"] for found in bins], [found["true"] for found in bins]
    most = max(found["n"] for found in bins)
    above = [found["true_ci95"][1] - found["true"] for found in bins]
    below = [found["true"] - found["true_ci95"][0] for found in bins]
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": DIM, "dash": "dot"}, hoverinfo="skip")
    )
    figure.add_scatter(
        x=said, y=true, mode="markers", customdata=[found["n"] for found in bins],
        marker={"color": BLUE, "size": [6 + 14 * (found["n"] / most) ** 0.5 for found in bins]},
        error_y={"type": "data", "array": above, "arrayminus": below, "color": BLUE, "thickness": 1, "width": 3},
        hovertemplate="said %{x:.0%}, true %{y:.0%} of %{customdata} images<extra></extra>",
    )  # fmt: skip
    dressed(figure, 250, "Probability said and share with pneumonia, on the locked patients").update_layout(
        hovermode="closest"
    )
    figure.update_xaxes(title="said", tickformat=".0%", range=[-0.03, 1.03])
    figure.update_yaxes(title="true", tickformat=".0%", range=[-0.05, 1.05])
    show(figure, key)


def roc(measured: dict[str, dict[str, Any]], key: str) -> None:
    """The ROC curves (`roc`) of up to four models, whole and enlarged, with what each does at its threshold."""
    figure = make_subplots(1, 2, horizontal_spacing=0.13)
    for (name, metrics), (colour, dash) in zip(measured.items(), SERIES, strict=False):
        for panel in (1, 2):
            figure.add_traces(_roc_of(name, metrics, {"color": colour, "dash": dash, "width": 2}), rows=1, cols=panel)
    in_colour = (f'<span style="color:{c}">{name}</span>' for name, (c, _) in zip(measured, SERIES, strict=False))
    dressed(figure, 360, f"ROC on the locked patients: {', '.join(in_colour)}; dots at the thresholds")
    figure.update_layout(hovermode="closest", margin={"b": 40, "t": 34})
    figure.update_xaxes(title="1 - specificity")
    figure.update_yaxes(title="sensitivity")
    figure.update_xaxes(range=[-0.02, 1.02], col=1).update_yaxes(range=[-0.02, 1.02], col=1)
    edge = CORNER / 40
    figure.update_xaxes(range=[-edge, CORNER], col=2).update_yaxes(range=[1 - CORNER, 1 + edge], col=2)
    show(figure, key)


def _roc_of(name: str, metrics: dict[str, Any], stroke: dict[str, Any]) -> list[go.Scatter]:
    """The curve and the dot at the threshold."""
    across, up = zip(*metrics["roc"], strict=True)
    told = f"{name}<br>1 - specificity %{{x:.3f}}<br>sensitivity %{{y:.3f}}<extra></extra>"
    line = go.Scatter(x=across, y=up, mode="lines", line=stroke, hovertemplate=told)
    dot = go.Scatter(
        x=[1 - metrics["specificity"]], y=[metrics["sensitivity"]], mode="markers",
        hovertemplate=f"At the threshold<br>{told}",
        marker={"color": "#0b0d0f", "size": 9, "line": {"color": stroke["color"], "width": 2}},
    )  # fmt: skip
    return [line, dot]
