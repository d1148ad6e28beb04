import { existsSync } from 'node:fs'
import type { CommandContext } from '../command.ts'
import { runProgram } from './run-program.ts'
import type { ServicePlan, ServiceState } from './service-plan.ts'

/** Asks the service manager for the service; one whose files are there but not loaded is stopped. */
export async function readState(
  context: CommandContext,
  { state, files }: ServicePlan,
): Promise<ServiceState> {
  const { exitCode = -1, stdout } = await runProgram(context, state.command)
  const read = state.read({ exitCode, stdout })
  const written = files.some(({ path, own }) => own !== true && existsSync(path))
  return { ...read, installed: read.installed || written }
}
