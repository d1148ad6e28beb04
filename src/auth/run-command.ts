import { errorCode } from '../kit/error.ts'

/** How a command ended: its output, or why there is none. */
export type CommandResult =
  | { readonly kind: 'done'; readonly exitCode: number; readonly stdout: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'not-started'; readonly reason: string }

/** A command line for the shell, or a program with its arguments that no shell reads. */
export type CommandLine = string | readonly string[]

/** Runs a command and collects what it prints; its standard error is thrown away. */
export type RunCommand = (command: CommandLine, timeoutMs: number) => Promise<CommandResult>

/** More than any key: a command that prints without end is cut here. */
const MAX_OUTPUT_BYTES = 64 * 1024

/** The real `RunCommand`: past its time the command ends with everything that it started. */
export const runCommand: RunCommand = (command, timeoutMs) =>
  new Promise((resolve) => {
    const [file, ...args] = typeof command === 'string' ? [command] : command
    if (file === undefined || file === '') {
      resolve({ kind: 'not-started', reason: 'the command is empty' })
      return
    }
    // Loaded when first needed: a proxy without a key helper never pays for it.
    const { spawn } = process.getBuiltinModule('node:child_process')
    const onWindows = process.platform === 'win32'
    const child = spawn(file, args, {
      shell: typeof command === 'string',
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: !onWindows, // A group of its own, so that a shell's children end with it.
      windowsHide: true,
    })
    const chunks: Buffer[] = []
    let size = 0
    const end = (result: CommandResult) => {
      clearTimeout(timer)
      child.stdout.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => {
      killGroup(child.pid, onWindows)
      end({ kind: 'timeout' })
    }, timeoutMs)
    child.stdout.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, MAX_OUTPUT_BYTES - size)
      chunks.push(kept)
      size += kept.length
    })
    child.on('error', (error) =>
      end({ kind: 'not-started', reason: errorCode(error) ?? 'unknown error' }),
    )
    child.on('close', (code) =>
      end({ kind: 'done', exitCode: code ?? -1, stdout: Buffer.concat(chunks).toString('utf8') }),
    )
  })

function killGroup(pid: number | undefined, onWindows: boolean): void {
  if (pid === undefined) return
  try {
    process.kill(onWindows ? pid : -pid, 'SIGKILL')
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error // Gone already is what we wanted.
  }
}
