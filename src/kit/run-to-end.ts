import type { ChildProcess } from 'node:child_process'
import { errorCode, messageOf } from './error.ts'

/** How a program that ends by itself ended. */
export type RunResult =
  | {
      readonly kind: 'done'
      readonly exitCode: number | undefined
      readonly signal?: string | undefined
      readonly stdout: string
      readonly stderr: string
    }
  | { readonly kind: 'timeout' }
  /** With the system's code for why: `ENOENT`. */
  | { readonly kind: 'not-started'; readonly code: string }

/** How a program is run. */
export interface RunOptions {
  readonly timeoutMs: number
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Whether a shell reads the command. */
  readonly shell?: boolean
  /** Whether standard error is kept: what is not can be held open by a child without being waited for. */
  readonly stderr: boolean
}

/** More than any answer: what prints without end is cut here. */
const MAX_BYTES = 64 * 1024
const ON_WINDOWS = process.platform === 'win32'

/** Runs a program and collects what it prints; past its time it ends with everything that it started. */
export function runToEnd(
  command: readonly [string, ...string[]],
  options: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve) => {
    const refused = (error: unknown) =>
      resolve({ kind: 'not-started', code: errorCode(error) ?? messageOf(error) })
    try {
      const child = start(command, options)
      const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
      const timer = setTimeout(() => {
        killGroup(child.pid)
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve({ kind: 'timeout' })
      }, options.timeoutMs)
      child.on('error', (error) => {
        clearTimeout(timer)
        refused(error)
      })
      child.on('close', (exitCode, signal) => {
        clearTimeout(timer)
        const ending = { exitCode: exitCode ?? undefined, signal: signal ?? undefined }
        resolve({ kind: 'done', ...ending, stdout: stdout(), stderr: stderr() })
      })
    } catch (error) {
      // A file that is no program Bun refuses at once.
      refused(error)
    }
  })
}

function start(
  [file, ...args]: readonly [string, ...string[]],
  { timeoutMs: _, stderr, ...options }: RunOptions,
): ChildProcess {
  // An import would be hoisted in the binary, whose every start would pay for it.
  const { spawn } = process.getBuiltinModule('node:child_process')
  return spawn(file, args, {
    ...options,
    stdio: ['ignore', 'pipe', stderr ? 'pipe' : 'ignore'],
    detached: !ON_WINDOWS, // A group of its own, so that its children end with it.
    windowsHide: true,
  })
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, MAX_BYTES - size)
    chunks.push(kept)
    size += kept.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(ON_WINDOWS ? pid : -pid, 'SIGKILL')
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error // Gone already is what we wanted.
  }
}
