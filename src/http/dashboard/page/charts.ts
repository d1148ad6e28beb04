import type { LogFigures } from '../../logs/schema.ts'
import type { Board } from './board.ts'
import { ChartCard, type ChartSpec } from './chart-card.ts'
import { spentOf } from './figures.ts'
import { countText, durationText, moneyText, shareText } from './format.ts'

const amount = countText
const latency = (of: (figures: LogFigures) => LogFigures['duration_ms']) =>
  (['p50', 'p95', 'p99'] as const).map((name, index) => ({
    label: name,
    color: (['--c1', '--c3', '--c4'] as const)[index] ?? '--c1',
    value: (figures: LogFigures) => of(figures)?.[name],
  }))

/** All charts, in the order of the page. */
const SPECS: readonly ChartSpec[] = [
  {
    title: 'Requests',
    shape: 'bars',
    scale: 'whole',
    text: amount,
    series: [
      { label: 'Failed', color: '--bad', value: ({ errors }) => errors },
      { label: 'Client left', color: '--c3', value: ({ client_left: left }) => left },
      { label: 'Good', color: '--c1', value: (f) => f.requests - f.errors - f.client_left },
    ],
  },
  {
    title: 'Tokens',
    shape: 'bars',
    scale: 'whole',
    text: amount,
    series: [
      { label: 'Output', color: '--c4', value: ({ tokens }) => tokens.output },
      { label: 'Input', color: '--c1', value: ({ tokens }) => tokens.input },
      { label: 'Cache write', color: '--c3', value: ({ tokens }) => tokens.cache_write },
      { label: 'Cache read', color: '--c2', value: ({ tokens }) => tokens.cache_read },
    ],
  },
  {
    title: 'Cost',
    shape: 'bars',
    text: moneyText,
    series: [
      { label: 'Spent', color: '--c4', value: spentOf },
      { label: 'List price of plans', color: '--c5', value: (f) => f.list_cost_usd },
    ],
  },
  {
    title: 'Duration',
    shape: 'lines',
    scale: 'log',
    text: durationText,
    series: latency((figures) => figures.duration_ms),
  },
  {
    title: 'First byte',
    shape: 'lines',
    scale: 'log',
    text: durationText,
    series: latency((figures) => figures.first_byte_ms),
  },
  {
    title: 'Cache hits',
    shape: 'lines',
    scale: 'share',
    text: shareText,
    series: [
      {
        label: 'Prompt tokens read from the cache',
        color: '--c2',
        value: (f) => f.cache_hit_share,
      },
    ],
  },
]

/** The charts of the page. */
export class Charts {
  readonly #cards: readonly ChartCard[]

  constructor(place: HTMLElement) {
    this.#cards = SPECS.map((spec) => new ChartCard(spec))
    place.replaceChildren(...this.#cards.map(({ element }) => element))
  }

  show(board: Board): void {
    for (const card of this.#cards) card.show(board)
  }

  /** Draws all again, in the colours of now. */
  recolor(): void {
    for (const card of this.#cards) card.recolor()
  }
}
