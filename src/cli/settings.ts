import { type Loaded, loadSettings, type Override } from '../config/load.ts'
import type { CommandContext, CommandInput } from './command.ts'
import { remark } from './style.ts'

/** Loads the settings as a command's flags ask for and shows every warning once. */
export async function loadFor(
  context: CommandContext,
  input: CommandInput,
  overrides: readonly Override[] = [],
): Promise<Loaded> {
  const { env, cwd, home } = context
  const loaded = await loadSettings({ env, cwd, home, flags: input.flags, overrides })
  for (const warning of loaded.warnings) remark(context, 'Warning', warning)
  return loaded
}
