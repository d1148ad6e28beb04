import { runToEnd } from '../kit/run-to-end.ts'

/** How a command ended: its output, or why there is none. */
export type CommandResult =
  | { readonly kind: 'done'; readonly exitCode: number; readonly stdout: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'not-started'; readonly reason: string }

/** A command line for the shell, or a program with its arguments that no shell reads. */
export type CommandLine = string | readonly string[]

/** Runs a command and collects what it prints; its standard error is thrown away. */
export type RunCommand = (command: CommandLine, timeoutMs: number) => Promise<CommandResult>

/** The real `RunCommand`. */
export const runCommand: RunCommand = async (command, timeoutMs) => {
  const shell = typeof command === 'string'
  const [file = '', ...args] = shell ? [command] : command
  if (file === '') return { kind: 'not-started', reason: 'the command is empty' }
  const result = await runToEnd([file, ...args], { shell, timeoutMs, stderr: false })
  switch (result.kind) {
    case 'done':
      return { kind: 'done', exitCode: result.exitCode ?? -1, stdout: result.stdout }
    case 'not-started':
      return { kind: 'not-started', reason: result.code }
    case 'timeout':
      return result
  }
}
