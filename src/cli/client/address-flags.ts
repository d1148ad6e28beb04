import type { CommandInput, Flag } from '../command.ts'
import { SETTING_FLAGS } from '../setting-flags.ts'

const ADDRESS: ReadonlySet<string> = new Set(['config', 'host', 'port', 'auth-token'])

/** Which proxy is asked. */
export const ADDRESS_FLAGS: readonly Flag[] = [
  ...SETTING_FLAGS.filter(({ name }) => ADDRESS.has(name)),
  {
    name: 'url',
    value: 'URL',
    description: 'Address of the running ccproxy; without it that of the settings',
  },
]

/** The input without what is no setting. */
export function settingsInput(input: CommandInput): CommandInput {
  const flags = Object.entries(input.flags).filter(([name]) => ADDRESS.has(name))
  return { ...input, flags: Object.fromEntries(flags) }
}
