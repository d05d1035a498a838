// Lines by uPlot, the heat map by ECharts; colours are the style sheet's, and change with it.
"use strict";

const drawn = new Map();
const hue = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const dollars = (value) => value == null ? "" :
  `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toLocaleString("en-US", { maximumFractionDigits: 2 })}`;
const zone = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "America/New_York");

function clock(at, step) {
  const zoned = { timeZone: "America/New_York" };
  if (step >= 86400) return new Date(at * 1000).toLocaleDateString("en-GB", { ...zoned, day: "numeric", month: "short" });
  const shown = { ...zoned, hour: "2-digit", minute: "2-digit", ...(step < 60 ? { second: "2-digit" } : {}) };
  return new Date(at * 1000).toLocaleTimeString("en-GB", shown);
}

function line(element, data, series) {
  const times = (_, ticks, __, ___, step) => ticks.map((at) => clock(at, step));
  const axis = { stroke: hue("muted"), grid: { stroke: hue("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const options = {
    width: element.clientWidth, height: element.clientHeight - 30, tzDate: zone,
    scales: { y: { range: (_, low, high) => low === high ? [low - 1, high + 1] : uPlot.rangeNum(low, high, 0.1, true) } },
    axes: [{ ...axis, space: 90, values: times }, { ...axis, size: 72, values: (_, ticks) => ticks.map(dollars) }],
    series: [{ label: "ET", value: "{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}" }, { ...series, width: 1.6, value: (_, value) => dollars(value), points: { show: data[0].length < 60, size: 5 } }],
    cursor: { y: false }, legend: { show: true },
  };
  return new uPlot(options, data, element);
}

const makers = {
  day: (element, data) => line(element, data, { label: "P&L", stroke: hue("gain") }),
  equity: (element, data) => line(element, [data[0], data[1]], { label: "sum", stroke: hue("gain"), paths: uPlot.paths.stepped({ align: 1 }) }),
  drawdown: (element, data) => line(element, [data[0], data[2]], { label: "below", stroke: hue("loss"), fill: hue("loss-2"), paths: uPlot.paths.stepped({ align: 1 }) }),
};
const updates = { day: (data) => data, equity: (data) => [data[0], data[1]], drawdown: (data) => [data[0], data[2]] };

function heat(element) {
  const table = document.getElementById(element.dataset.table);
  const hours = [...table.tHead.rows[0].cells].slice(1).map((cell) => `${cell.textContent}:00`);
  const rows = [...table.tBodies[0].rows];
  const days = rows.map((row) => row.cells[0].textContent);
  const cells = rows.flatMap((row, day) => [...row.cells].slice(1).map((cell, hour) =>
    [hour, day, cell.dataset.pnl === "" ? "-" : Math.round(Number(cell.dataset.pnl))]));
  const most = Math.max(1, ...cells.map((cell) => Math.abs(cell[2]) || 0));
  const chart = echarts.init(element);
  const words = { color: hue("muted"), fontSize: 12 };
  chart.setOption({
    animation: false, aria: { enabled: true }, grid: { left: 48, right: 12, top: 8, bottom: 28 },
    xAxis: { type: "category", data: hours, axisLabel: words, axisLine: { show: false }, axisTick: { show: false } },
    yAxis: { type: "category", data: days, inverse: true, axisLabel: words, axisLine: { show: false }, axisTick: { show: false } },
    visualMap: { show: false, min: -most, max: most, inRange: { color: ["loss-4", "loss-2", "surface", "gain-2", "gain-4"].map(hue) } },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: hue("surface"), borderWidth: 3 },
      label: { show: true, color: hue("ink"), formatter: (cell) => cell.value[2] === "-" ? "" : dollars(cell.value[2]) } }],
  });
  return chart;
}

async function draw(element) {
  const version = element.dataset.version;
  const known = drawn.get(element);
  if (known && known.version === version) return;
  drawn.set(element, { ...known, version });
  const kind = element.dataset.chart;
  if (kind === "hours") {
    if (known) known.plot.dispose();
    drawn.set(element, { version, plot: heat(element) });
    return;
  }
  const data = await (await fetch(element.dataset.src)).json();
  if (data[0].length < 2) return;
  if (known && known.plot) known.plot.setData(updates[kind](data));
  else drawn.set(element, { version, plot: makers[kind](element, data) });
}

function all() { document.querySelectorAll("[data-chart]").forEach((element) => draw(element).catch(() => {})); }

function anew() {
  for (const [element, { plot }] of drawn) {
    if (plot) (plot.dispose || plot.destroy).call(plot);
    element.replaceChildren();
  }
  drawn.clear();
  all();
}

document.addEventListener("shown", all);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", anew);
let resized = 0;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(anew, 150); });
all();
