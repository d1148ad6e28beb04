import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { endIsolated } from './isolation.ts'
import type { IsolatedSpec } from './isolation-options.ts'
import { reap } from './reap.ts'

/** How much of stderr is kept, characters. */
const STDERR_CHARS = 4000
/** How long a process whose input has ended may take to end, ms; the Agent SDK asks it to after two seconds. */
const GRACE_MS = 2500
/** The variable by which all that one Claude Code has started is known. */
const MARK = 'CCPROXY_SDK_RUN'

/** One process of Claude Code, with the end of what it wrote to stderr; what it leaves behind ends with it. */
export class ClaudeProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when it has ended, or could not be started. */
  readonly gone: Promise<void>
  stderr = ''

  constructor(spec: IsolatedSpec) {
    const { command, args, cwd, env } = spec
    const mark = crypto.randomUUID()
    const { spawn } = process.getBuiltinModule('node:child_process')
    const child = spawn(command, [...args], {
      cwd,
      env: { ...env, [MARK]: mark },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C is meant for ccproxy, which lets running turns come to their end.
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    this.child = child
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_CHARS)
    })
    // Who writes to a process that is gone hears it by its end.
    child.stdin.on('error', () => undefined)
    this.gone = new Promise((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', () => {
        resolve()
        void reap(`${MARK}=${mark}`)
        // A container outlives the command that runs it. Where docker does not answer there is nobody to tell.
        void endIsolated(spec).catch(() => undefined)
      })
    })
  }

  get alive(): boolean {
    const { pid, exitCode, signalCode } = this.child
    return pid !== undefined && exitCode === null && signalCode === null
  }

  /** Lets it end by itself for a little, since its input has ended, and then ends it. */
  end(): void {
    if (!this.alive) return
    this.child.stdin.end()
    const timer = setTimeout(() => this.kill(), GRACE_MS)
    timer.unref()
    this.child.once('exit', () => clearTimeout(timer))
  }

  /** Ends it at once, with what a wrapper around it has started. */
  kill(): void {
    const { pid } = this.child
    if (pid === undefined || !this.alive) return
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
    } catch {
      // It has just ended by itself, or is no leader of a group.
      this.child.kill('SIGKILL')
    }
  }
}
