import type { PanelsOptions } from '../record/panels.ts'
import type { Settings } from './schema.ts'

/** Where ccproxy writes its log. */
export interface PanelsWorld {
  /** stderr is a terminal. */
  readonly terminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How panels are shown; undefined where the ordinary log says it all. */
export function panelsOptions(
  { record, server }: Settings,
  { terminal, env }: PanelsWorld,
): PanelsOptions | undefined {
  const moves = terminal && env.TERM !== 'dumb'
  // Who names a form that is not meant for people wants nothing between its lines.
  const forPeople = server.log_format === 'auto' || server.log_format === 'pretty'
  const shows = record.panels === 'auto' ? moves && forPeople : record.panels === 'on'
  if (!shows) return undefined
  return {
    previewLength: record.payload_max_chars,
    terminal: moves,
    colour: moves && !env.NO_COLOR,
  }
}
