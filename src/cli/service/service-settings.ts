import { join } from 'node:path'
import { loadSettings } from '../../config/load.ts'
import { readFromDisk, userConfigPath } from '../../config/paths.ts'
import type { Settings } from '../../config/schema.ts'
import type { CommandContext, CommandInput } from '../command.ts'

/** The settings as the service will have them: not those of this shell or this folder. */
export async function serviceSettings(
  { env, home, cwd }: CommandContext,
  input: CommandInput,
): Promise<Settings> {
  const system = input.switches.has('system')
  const folder = system ? '/etc/ccproxy' : join(userConfigPath(env, home), '..')
  const text = readFromDisk(join(folder, 'environment'))
  const { parse } = await import('dotenv')
  const own = text === undefined ? {} : parse(text)
  const { XDG_CONFIG_HOME } = env
  const systemConfig = join(folder, 'config.toml')
  const fallback = system && readFromDisk(systemConfig) !== undefined ? systemConfig : undefined
  const { config = fallback } = input.flags
  const loaded = await loadSettings({
    env: { ...(XDG_CONFIG_HOME === undefined ? {} : { XDG_CONFIG_HOME }), ...own },
    // A named file is named from here; all else from where the service works.
    cwd: input.flags.config === undefined ? (system ? '/var/lib/ccproxy' : home) : cwd,
    home: system ? '/var/lib/ccproxy' : home,
    flags: config === undefined ? {} : { config },
  })
  return loaded.settings
}
