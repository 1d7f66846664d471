// SPDX-FileCopyrightText: 2026 cac_ros contributors
// SPDX-License-Identifier: Apache-2.0
"use strict";
(function () {
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function part(object, key) { return object[key] = object[key] || {}; }
  // The colours of the page, light or dark, for a plot that comes without any of its own.
  function themed(figure) {
    var layout = figure.layout, text = css("--text"), muted = css("--muted");
    layout.autosize = true;
    layout.font = {color: text, size: 13, family: getComputedStyle(document.body).fontFamily};
    layout.hoverlabel = {bgcolor: css("--card"), bordercolor: css("--strong-line"), font: {color: text}};
    part(part(layout, "legend"), "font").color = muted;
    Object.keys(layout).filter(function (key) { return /^[xy]axis\d*$/.test(key); }).forEach(function (key) {
      var axis = layout[key];
      axis.gridcolor = axis.zerolinecolor = css("--line");
      axis.linecolor = css("--strong-line");
      part(axis, "tickfont").color = muted;
      part(part(axis, "title"), "font").color = muted;
    });
    // Plotly picks the colour of numbers in cells as if the page were white.
    figure.data.forEach(function (trace) { if (trace.type === "heatmap" && dark.matches) trace.textfont = {color: text}; });
    return figure;
  }
  function draw() {
    document.querySelectorAll("script[data-plot]").forEach(function (source) {
      var figure = themed(JSON.parse(source.textContent));
      Plotly.react(source.dataset.plot, figure.data, figure.layout, {responsive: true, displayModeBar: false});
    });
  }
  draw();
  dark.addEventListener("change", draw);
})();
