import { errorCode } from './error.ts'

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

/** Runs a program and collects what it prints; past its time it ends with everything that it started. */
export function runToEnd(
  [file, ...args]: readonly [string, ...string[]],
  { timeoutMs, stderr: keepsStderr, ...options }: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve) => {
    // An import would be hoisted in the binary, whose every start would pay for it.
    const { spawn } = process.getBuiltinModule('node:child_process')
    const onWindows = process.platform === 'win32'
    const child = spawn(file, args, {
      ...options,
      stdio: ['ignore', 'pipe', keepsStderr ? 'pipe' : 'ignore'],
      detached: !onWindows, // A group of its own, so that its children end with it.
      windowsHide: true,
    })
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
    const end = (result: RunResult) => {
      clearTimeout(timer)
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => {
      killGroup(child.pid, onWindows)
      end({ kind: 'timeout' })
    }, timeoutMs)
    child.on('error', (error) =>
      end({ kind: 'not-started', code: errorCode(error) ?? error.message }),
    )
    child.on('close', (code, signal) =>
      end({
        ...{ kind: 'done', exitCode: code ?? undefined, signal: signal ?? undefined },
        ...{ stdout: stdout(), stderr: stderr() },
      }),
    )
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

function killGroup(pid: number | undefined, onWindows: boolean): void {
  if (pid === undefined) return
  try {
    process.kill(onWindows ? pid : -pid, 'SIGKILL')
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error // Gone already is what we wanted.
  }
}
