import type { Settings } from '../../config/schema.ts'
import { didYouMean } from '../../config/suggest.ts'
import { type CommandInput, type Flag, UsageError } from '../command.ts'
import { MODE_FLAG, SETTING_FLAGS } from '../setting-flags.ts'

/** The flags of commands that point a client at ccproxy: its settings, and which way through it. */
export const CLIENT_FLAGS: readonly Flag[] = [
  MODE_FLAG,
  {
    name: 'provider',
    value: 'NAME',
    description: 'Provider of the settings that serves it; without one routing.default',
  },
  ...SETTING_FLAGS.filter(({ name }) => name !== 'provider'),
]

/** The way that a client is sent through ccproxy. */
export interface Way {
  /** What the URL has between the address and the endpoint: `/sdk`, `/to/x`, or nothing. */
  readonly prefix: string
  /** `/min` and `/pt` use no plan login of ccproxy's. */
  readonly keysOnly: boolean
  /** What of the flags has no effect. */
  readonly warning?: string
}

/** Where each mode leads; the names are those of the providers behind the prefixes. */
const MODES: Readonly<Record<string, string | undefined>> = {
  full: undefined,
  api: 'anthropic',
  min: 'anthropic',
  pt: 'anthropic',
  sdk: 'claude-sdk',
}

/** Reads `--mode` and `--provider`. */
export function wayOf({ flags }: CommandInput): Way {
  const { mode, provider } = flags
  if (mode === undefined || mode === 'full') {
    return { prefix: provider === undefined ? '' : `/to/${provider}`, keysOnly: false }
  }
  if (!Object.hasOwn(MODES, mode)) {
    const names = Object.keys(MODES)
    const hint = didYouMean(mode, names) || `: it is ${names.join(', ')}`
    throw new UsageError(`Unknown mode "${mode}"${hint}`)
  }
  const leads = MODES[mode]
  const way = { prefix: `/${mode}`, keysOnly: mode === 'min' || mode === 'pt' }
  if (provider === undefined || provider === leads) return way
  const warning = `"--provider ${provider}" has no effect: mode "${mode}" always leads to "${leads}"`
  return { ...way, warning }
}

/** The input without the flags that choose the way: what is left are settings. */
export function settingsInput(input: CommandInput): CommandInput {
  const { mode: _, provider: __, ...flags } = input.flags
  return { ...input, flags }
}

/** The provider that a way leads to by the settings of this place. */
export function providerOn(way: Way, settings: Settings): string {
  const [, first = '', second = ''] = way.prefix.split('/')
  if (first === 'to') return second
  return MODES[first] ?? settings.routing.default
}
