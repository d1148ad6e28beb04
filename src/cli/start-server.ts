import type { Settings } from '../config/schema.ts'
import type { RunningServer, StartOptions } from '../http/server.ts'
import type { CommandContext } from './command.ts'

/** Starts a server in a command's world, which is loaded only now; `changes` win over that world. */
export async function startServerFor(
  context: CommandContext,
  settings: Settings,
  changes: Partial<StartOptions> = {},
): Promise<RunningServer> {
  const start = context.startServer ?? (await import('../http/server.ts')).startServer
  const { version, commit, env, home, stderr } = context
  return start({ settings, version, commit, terminal: stderr.isTerminal, env, home, ...changes })
}
