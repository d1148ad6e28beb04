import { userInfo } from 'node:os'
import type { CommandContext } from '../command.ts'
import { runProgram } from './run-program.ts'
import type { ServicePlan } from './service-plan.ts'

/** What a user must know of a service that ends with the last session; undefined where it does not. */
export async function lingeringNote(
  context: CommandContext,
  { manager }: ServicePlan,
): Promise<string | undefined> {
  if (manager !== 'systemd') return undefined
  const { username } = userInfo()
  const asked = await runProgram(context, [
    ...(['loginctl', 'show-user', username, '--property=Linger', '--value'] as const),
  ])
  if (asked.stdout.trim() === 'yes') return undefined
  return 'It starts when you log in and ends with your last session; to have it from boot on without one: loginctl enable-linger'
}
