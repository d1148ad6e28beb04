import uPlot from 'uplot'
import type { LogFigures } from '../../logs/schema.ts'
import type { Board } from './board.ts'
import { make } from './dom.ts'
import { type StepKind, stacked, valuesAt } from './series.ts'

/** One line or kind of bar. */
export interface ChartSeries {
  readonly label: string
  /** A custom property of the style sheet. */
  readonly color: string
  readonly value: (figures: LogFigures) => number | undefined
}

/** What a chart shows. */
export interface ChartSpec {
  readonly title: string
  /** Bars stand on each other: their values are parts of a sum. */
  readonly shape: 'bars' | 'lines'
  /** Linear from 0 if absent. */
  readonly scale?: 'whole' | 'log' | 'share'
  readonly text: (value: number | undefined) => string
  readonly series: readonly ChartSeries[]
}

const HEIGHT = 148
const STEP_SECONDS: Readonly<Record<StepKind, number>> = { minute: 60, hour: 3600, day: 86_400 }
/** Steps of an axis whose values are whole. */
const WHOLE_STEPS = Array.from(
  { length: 45 },
  (_, index) => ([1, 2, 5][index % 3] ?? 1) * 10 ** Math.floor(index / 3),
)
const FONT = '11px system-ui, sans-serif'

/** One chart with its title and legend, which shows totals, or the values under the pointer. */
export class ChartCard {
  readonly element: HTMLElement
  readonly #spec: ChartSpec
  readonly #plotPlace: HTMLElement
  readonly #when = make('span', { class: 'when' })
  readonly #values: readonly HTMLElement[]
  #plot: uPlot | undefined
  #board: Board | undefined
  #raw: readonly (readonly (number | null)[])[] = []

  constructor(spec: ChartSpec) {
    this.#spec = spec
    this.#values = spec.series.map(() => make('b'))
    const legend = spec.series.map(({ label, color }, index) => {
      const swatch = make('i', { class: 'swatch', attributes: { 'aria-hidden': 'true' } })
      swatch.style.background = `var(${color})`
      return make('li', {}, swatch, `${label} `, this.#values[index])
    })
    this.#plotPlace = make('div', {
      class: 'plot',
      attributes: { role: 'img', 'aria-label': `${spec.title}, not loaded yet` },
    })
    this.element = make(
      'figure',
      { class: 'chart card' },
      make('figcaption', {}, make('h3', { text: spec.title }), this.#when),
      make('ul', { class: 'legend' }, ...legend),
      this.#plotPlace,
    )
    new ResizeObserver(() => this.#fit()).observe(this.#plotPlace)
  }

  show(board: Board): void {
    const sameSteps = this.#board?.kind === board.kind
    this.#board = board
    const { shape, series } = this.#spec
    const gap = shape === 'bars' ? 0 : null
    this.#raw = series.map(({ value }) => valuesAt(board.times, board.steps, value, gap))
    if (this.#plot !== undefined && sameSteps) this.#plot.setData(this.#data())
    else this.recolor()
    this.#describe()
    this.#point(undefined)
  }

  recolor(): void {
    if (this.#board === undefined) return
    this.#plot?.destroy()
    const options = this.#options(this.#board.kind)
    this.#plot = new uPlot(options, this.#data(), this.#plotPlace)
  }

  #data(): uPlot.AlignedData {
    const x = (this.#board?.times ?? []).map((time) => time / 1000)
    const drawn = this.#spec.shape === 'bars' ? stacked(this.#raw) : this.#raw
    return [x, ...drawn.map((values) => [...values])]
  }

  #options(kind: StepKind): uPlot.Options {
    const { shape, series, scale, text } = this.#spec
    const step = STEP_SECONDS[kind]
    const muted = colorOf(this.element, '--muted')
    const grid = { stroke: colorOf(this.element, '--line'), width: 1 }
    const filter = scale === 'log' ? wholePowers : (_: uPlot, all: number[]) => all
    const axis = { stroke: muted, font: FONT, ticks: { ...grid, size: 4 } }
    return {
      width: Math.max(120, this.#plotPlace.clientWidth),
      height: HEIGHT,
      // Half of an axis text: that of the last step stands at the very end.
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'ccproxy' }, y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: (_, from, to) => [from, to + step] },
        y: scaleOf(scale),
      },
      axes: [
        { ...axis, grid: { show: false }, size: 26, space: 56, values: timeTexts },
        {
          ...axis,
          grid: { ...grid, filter },
          ticks: { ...grid, size: 4, filter },
          ...(scale === 'whole' && { incrs: WHOLE_STEPS }),
          size: 56,
          gap: 4,
          space: 26,
          values: (_, all) => all.map((v) => short(v, text)),
        },
      ],
      series: [
        {},
        ...series.map(({ label, color }) =>
          shape === 'bars'
            ? bars(label, colorOf(this.element, color))
            : line(label, colorOf(this.element, color)),
        ),
      ],
      hooks: { setCursor: [(plot) => this.#point(plot.cursor.idx ?? undefined)] },
    }
  }

  /** Shows the values of one step in the legend, or of the whole range. */
  #point(index: number | undefined): void {
    const board = this.#board
    if (board === undefined) return
    const { series, text } = this.#spec
    const time = index === undefined ? undefined : board.times[index]
    this.#when.textContent = time === undefined ? '' : stepText(time, board.kind)
    series.forEach(({ value }, at) => {
      const shown =
        time === undefined ? value(board.total) : (this.#raw[at]?.[index ?? 0] ?? undefined)
      const place = this.#values[at]
      if (place !== undefined) place.textContent = text(shown)
    })
  }

  /** The chart in words, for those who do not see it. */
  #describe(): void {
    const board = this.#board
    if (board === undefined) return
    const { title, series, text } = this.#spec
    const totals = series.map(({ label, value }) => `${label} ${text(value(board.total))}`)
    this.#plotPlace.setAttribute(
      'aria-label',
      `${title} by the ${board.kind}; in all: ${totals.join(', ')}`,
    )
  }

  #fit(): void {
    const width = this.#plotPlace.clientWidth
    if (width > 0) this.#plot?.setSize({ width, height: HEIGHT })
  }
}

function bars(label: string, color: string): uPlot.Series {
  const paths = uPlot.paths.bars?.({ size: [0.78, 22], align: 1 })
  return { label, fill: color, width: 0, points: { show: false }, ...(paths && { paths }) }
}

function line(label: string, color: string): uPlot.Series {
  const points = { size: 4, fill: color, width: 0, filter: lonely }
  return { label, stroke: color, width: 1.5, points }
}

/** Where the steps are too close for points, a value between two gaps would be seen by nobody: no line leads to it. */
function lonely({ data }: uPlot, series: number, pointsShown: boolean): number[] | null {
  if (pointsShown) return null
  const values = data[series] ?? []
  return [...values.keys()].filter(
    (at) =>
      values[at] !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null,
  )
}

function scaleOf(scale: ChartSpec['scale']): uPlot.Scale {
  if (scale === 'share') return { range: [0, 1] }
  if (scale !== 'log') return { range: (_, __, high) => [0, high > 0 ? high * 1.05 : 1] }
  return {
    distr: 3,
    range: (_, low, high) => {
      if (!(low > 0)) return [100, 10_000]
      return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.01))]
    },
  }
}

/** Lines at powers of ten alone: those between them say little and weigh much. */
function wholePowers(_: uPlot, splits: number[]): (number | null)[] {
  return splits.map((value) =>
    Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6) ? value : null,
  )
}

/** A canvas knows no custom properties: the colour as it is computed. */
function colorOf(element: HTMLElement, name: string): string {
  const probe = make('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function short(value: number | null, text: ChartSpec['text']): string {
  if (value === null) return ''
  return text(value)
    .replace(/(\.\d*?)0+(?=\D|$)/, '$1')
    .replace(/\.(?=\D|$)/, '')
}

function timeTexts(_: uPlot, seconds: number[], __: number, ___: number, step: number): string[] {
  return seconds.map((second) => {
    const time = new Date(second * 1000)
    const midnight = time.getHours() === 0 && time.getMinutes() === 0
    if (step >= 86_400 || midnight) return dayText(time)
    return time.toLocaleTimeString('en-GB').slice(0, 5)
  })
}

function stepText(time: number, kind: StepKind): string {
  const at = new Date(time)
  if (kind === 'day') return dayText(at)
  return `${dayText(at)}, ${at.toLocaleTimeString('en-GB').slice(0, 5)}`
}

function dayText(time: Date): string {
  return time.toLocaleDateString('en', { month: 'short', day: 'numeric' })
}
