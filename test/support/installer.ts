import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, tempDir } from './child.ts'
import { findProgram } from './needs.ts'
import type { Ended } from './release.ts'

/** What scripts/install.sh calls, beside the program that downloads. */
const TOOLS = [
  ...['awk', 'cat', 'chmod', 'cut', 'getconf', 'gzip', 'ldd', 'mkdir', 'mktemp', 'mv', 'rm'],
  ...['rmdir', 'sed', 'sh', 'sha256sum', 'sysctl', 'tar', 'uname'],
]

/** A user with an empty home and a PATH on which only what the installer needs can be found. */
export class InstallerUser {
  readonly #temp = tempDir()
  readonly home: string
  readonly tools = join(this.#temp.path, 'tools')
  /** Where the binary goes by default. */
  readonly dir: string
  /** The shell that runs the script; more words are its arguments. */
  readonly shell: readonly string[]

  /** `home` is another user's where they are the same person with other tools. */
  constructor(
    shell: readonly string[] = ['dash'],
    downloader: 'curl' | 'wget' | 'none' = 'curl',
    home?: string,
  ) {
    this.home = home ?? join(this.#temp.path, 'home')
    this.dir = join(this.home, '.local', 'bin')
    const [program = 'sh', ...rest] = shell
    this.shell = [findProgram(program) ?? program, ...rest]
    mkdirSync(this.home, { recursive: true })
    mkdirSync(this.tools)
    if (program === 'busybox') this.#linkBusybox(downloader)
    else this.#linkTools(downloader)
  }

  /** Runs install.sh; `input` has it come through a pipe, as from curl. */
  async run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input?: string,
  ): Promise<Ended> {
    const child = this.start(args, env, input)
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ])
    return { code, stdout, stderr }
  }

  /** Starts install.sh in a process group of its own, as a terminal does. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string) {
    const script = input === undefined ? [join(ROOT, 'scripts', 'install.sh')] : ['-s', '--']
    return Bun.spawn([...this.shell, ...script, ...args], {
      cwd: this.home,
      env: { HOME: this.home, PATH: this.tools, TMPDIR: this.home, ...env },
      stdin: input === undefined ? 'ignore' : new TextEncoder().encode(input),
      stdout: 'pipe',
      stderr: 'pipe',
      detached: true,
    })
  }

  /** What is in the default place; nothing where it does not exist. */
  installed(): string[] {
    return existsSync(this.dir) ? readdirSync(this.dir).sort() : []
  }

  /** What the installed binary says of its version. */
  version(): string {
    return Bun.spawnSync([join(this.dir, 'ccproxy'), '--version'])
      .stdout.toString()
      .trim()
  }

  /** Puts a script of the test before a tool of the machine. */
  async pretend(tool: string, script: string): Promise<void> {
    const path = join(this.tools, tool)
    await Bun.$`rm -f ${path}`.quiet()
    await Bun.write(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    await Bun.$`chmod 755 ${path}`.quiet()
  }

  remove(): void {
    this.#temp.remove()
  }

  #linkTools(downloader: string): void {
    for (const tool of [...TOOLS, ...(downloader === 'none' ? [] : [downloader])]) {
      const path = findProgram(tool)
      if (path !== undefined) symlinkSync(path, join(this.tools, tool))
    }
  }

  /** Every tool is busybox's own, as on Alpine. */
  #linkBusybox(downloader: string): void {
    const busybox = findProgram('busybox') ?? 'busybox'
    for (const tool of TOOLS) symlinkSync(busybox, join(this.tools, tool))
    if (downloader === 'none') return
    const path = downloader === 'wget' ? busybox : findProgram('curl')
    if (path !== undefined) symlinkSync(path, join(this.tools, downloader))
  }
}
