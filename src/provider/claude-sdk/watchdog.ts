import type { ChildProcess } from 'node:child_process'

/** The variable by which all that a ccproxy has started, at whatever remove, is known. */
const MARK = 'CCPROXY_SDK_OWNER'

/**
 * Ends what bears the mark once its input ends, which is when ccproxy ends, however that came about. Claude Code's
 * tools run in sessions of their own, so that no process group holds them all; the environment is inherited by all.
 * Asked first, since a container outlives the command that runs it where that is killed. A grep without -z (BusyBox)
 * takes a NUL for the end of a line by itself.
 */
const SCRIPT = `trap '' INT TERM HUP
cat >/dev/null
z=z; printf 'a\\0' | grep -qzx a 2>/dev/null || z=
for signal in TERM 0 0 0 0 KILL KILL KILL; do
  marked=$(grep -lsxF$z -e "$1" /proc/[0-9]*/environ)
  [ -n "$marked" ] || exit 0
  for file in $marked; do
    pid=\${file#/proc/}
    kill -s $signal "\${pid%/environ}" 2>/dev/null
  done
  sleep 0.2
done`

/** Sees to it that nothing that was started for SDK mode outlives ccproxy, on Linux also where that is killed. */
export class Watchdog {
  readonly #id = crypto.randomUUID()
  #process: ChildProcess | undefined

  /** What everything that is to be ended must have in its environment. */
  get env(): Readonly<Record<string, string>> {
    return { [MARK]: this.#id }
  }

  /** Starts it where it does not run; elsewhere than on Linux there is nothing to look the processes up in. */
  start(): void {
    if (this.#process !== undefined || process.platform !== 'linux') return
    const args = ['-c', SCRIPT, 'ccproxy-watchdog', `${MARK}=${this.#id}`]
    const { spawn } = process.getBuiltinModule('node:child_process')
    const child = spawn('/bin/sh', args, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      // A session of its own: Ctrl-C is meant for ccproxy.
      detached: true,
    })
    const over = () => {
      if (this.#process === child) this.#process = undefined
    }
    // Without a shell there is no watchdog, which is no reason not to serve.
    child.on('error', over)
    child.on('exit', over)
    child.stdin?.on('error', over)
    child.unref()
    this.#process = child
  }

  /** Has everything that is left ended now, and waits for it. */
  async end(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.ref()
    child.stdin?.end()
    await ended
  }
}
