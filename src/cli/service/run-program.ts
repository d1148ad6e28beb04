import type { CommandContext } from '../command.ts'
import type { Command } from './service-plan.ts'

/** How a program of the system ended. */
export interface ProgramResult {
  /** `undefined` where it could not be started. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

const TIMEOUT_MS = 90_000

/** Runs a program to its end and keeps what it says. */
export async function runProgram(
  { env }: Pick<CommandContext, 'env'>,
  [program, ...args]: Command,
  timeoutMs = TIMEOUT_MS,
): Promise<ProgramResult> {
  const file = Bun.which(program, { PATH: `${env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` })
  if (file === null) return { exitCode: undefined, stdout: '', stderr: `"${program}" is not there` }
  const child = Bun.spawn([file, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { exitCode, stdout, stderr }
}
