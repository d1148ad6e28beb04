import { type ChildProcess, spawn } from 'node:child_process'

/** The variable by which all that a ccproxy has started, at whatever remove, is known. */
const MARK = 'CCPROXY_SDK_OWNER'

/**
 * Kills what bears the mark once its input ends, which is when ccproxy ends, however that came about. Claude Code's
 * tools run in sessions of their own, so that no process group holds them all; the environment is inherited by all.
 * The mark ends in a NUL there, and this script is marked by its argument only.
 */
const SCRIPT = `trap '' INT TERM HUP
cat >/dev/null
for round in 1 2 3; do
  for folder in /proc/[0-9]*; do
    if grep -qsa "$1" "$folder/environ"; then kill -9 "\${folder#/proc/}" 2>/dev/null; fi
  done
done`

/** Sees to it that nothing that was started for SDK mode outlives ccproxy, on Linux also where that is killed. */
export class Watchdog {
  readonly #id = crypto.randomUUID()
  #process: ChildProcess | undefined

  /** What everything that is to be ended must have in its environment. */
  get env(): Readonly<Record<string, string>> {
    return { [MARK]: this.#id }
  }

  /** Starts it, once; elsewhere than on Linux there is nothing to look the processes up in. */
  start(): void {
    if (this.#process !== undefined || process.platform !== 'linux') return
    const args = ['-c', SCRIPT, 'ccproxy-watchdog', `${MARK}=${this.#id}`]
    const child = spawn('/bin/sh', args, {
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    // Without a shell there is no watchdog, which is no reason not to serve.
    child.on('error', () => undefined)
    child.stdin?.on('error', () => undefined)
    child.unref()
    this.#process = child
  }

  /** Has everything that is left ended now, and waits for it. */
  async end(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.ref()
    child.stdin?.end()
    await ended
  }
}
