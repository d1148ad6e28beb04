import type { LogFigures } from '../../logs/schema.ts'
import { make } from './dom.ts'
import { spentOf } from './figures.ts'
import { countText, durationText, exactText, moneyText, shareText } from './format.ts'

interface Tile {
  readonly title: string
  readonly value: (figures: LogFigures) => string
  readonly more: (figures: LogFigures) => string
}

const TILES: readonly Tile[] = [
  {
    title: 'Requests',
    value: ({ requests }) => countText(requests),
    more: ({ errors, client_left: left }) =>
      `${countText(errors)} failed · ${countText(left)} left`,
  },
  {
    title: 'Tokens',
    value: ({ tokens }) => countText(promptOf(tokens) + tokens.output),
    more: ({ tokens }) => `${countText(promptOf(tokens))} in · ${countText(tokens.output)} out`,
  },
  {
    title: 'Money spent',
    value: (figures) => moneyText(spentOf(figures)),
    more: ({ unpriced }) =>
      unpriced === 0 ? 'by API keys' : `and ${exactText(unpriced)} unpriced`,
  },
  {
    title: 'Plan list price',
    value: ({ list_cost_usd: cost }) => moneyText(cost),
    more: () => 'plan logins, not spent',
  },
  {
    title: 'Cache hits',
    value: ({ cache_hit_share: share }) => shareText(share),
    more: ({ tokens }) => `${countText(tokens.cache_read)} tokens read`,
  },
  {
    title: 'Duration p50',
    value: ({ duration_ms: ms }) => durationText(ms?.p50),
    more: ({ duration_ms: ms }) => `p95 ${durationText(ms?.p95)} · p99 ${durationText(ms?.p99)}`,
  },
  {
    title: 'First byte p50',
    value: ({ first_byte_ms: ms }) => durationText(ms?.p50),
    more: ({ first_byte_ms: ms }) => `p95 ${durationText(ms?.p95)} · p99 ${durationText(ms?.p99)}`,
  },
]

/** All tokens of the prompts: fresh, read from the cache and written to it. */
function promptOf(tokens: LogFigures['tokens']): number {
  return tokens.input + tokens.cache_read + tokens.cache_write
}

/** Shows the figures of the whole range. */
export function showTiles(place: HTMLElement, figures: LogFigures): void {
  const tiles = TILES.map(({ title, value, more }) =>
    make(
      'div',
      { class: 'tile card' },
      make('dt', { text: title }),
      make('dd', { class: 'figure', text: value(figures) }),
      make('dd', { class: 'more', text: more(figures) }),
    ),
  )
  place.replaceChildren(...tiles)
}
