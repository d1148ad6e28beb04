import { ProxyError } from '../../kit/error.ts'
import { callerPrefix, type Launch, plainNames } from './launch.ts'

/**
 * The error for a tool of the caller's that Claude Code has left out, by what it says of itself as it begins a turn.
 * The model would be told that the tool is broken, and the caller nothing.
 */
export function lostTool(
  launch: Launch,
  init: Readonly<Record<string, unknown>>,
): ProxyError | undefined {
  const { callerTools } = launch
  const told: readonly unknown[] = Array.isArray(init.tools) ? init.tools : callerTools
  // Some names it tells in an older form, "Agent" as "Task" (2.1.329); there the number must do.
  if (plainNames(launch) && told.length >= callerTools.length) return undefined
  const at = callerTools.findIndex(({ name }) => !told.includes(callerPrefix(launch) + name))
  const lost = callerTools[at]
  if (lost === undefined) return undefined
  const field = 'tools'
  const text = `Cannot serve "tools": Claude Code refuses the input_schema of "${lost.name}": it must be JSON Schema 2020-12, and its properties' names match ^[a-zA-Z0-9_.-]{1,64}$`
  return new ProxyError('invalid_request', text, { field })
}
