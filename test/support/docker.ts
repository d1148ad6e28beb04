import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './child.ts'
import { claudePath } from './claude.ts'
import { findProgram } from './needs.ts'
import { until } from './wait.ts'

/** A docker daemon of a test's own. */
export interface Docker {
  /** What the docker client needs to find it. */
  readonly env: Readonly<Record<string, string>>
  /** Runs the docker client; throws where it fails. */
  run(...args: string[]): Promise<string>
  stop(): Promise<void>
}

/** Programs that the base image has, beside what they and Claude Code link to. */
const PROGRAMS = ['bash', 'cat', 'env', 'id', 'ls', 'mkdir', 'mv', 'sleep']

/** Starts a daemon without networks, whose files, socket and containers are its own. */
export async function startDocker(): Promise<Docker> {
  // Not in /tmp, which may be a file system that overlays cannot be made on.
  const folder = mkdtempSync(join(homedir(), '.ccproxy-test-docker-'))
  const socket = `unix://${join(folder, 'docker.sock')}`
  const program = findProgram('dockerd') ?? 'dockerd'
  const sbin = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
  const log = join(folder, 'dockerd.log')
  const daemon = Bun.spawn(
    [
      // Mounts of its own, so that none is left behind.
      ...['unshare', '--mount', program],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', `--host=${socket}`],
      ...[`--data-root=${join(folder, 'data')}`, `--exec-root=${join(folder, 'exec')}`],
      ...[`--pidfile=${join(folder, 'docker.pid')}`],
    ],
    { env: { PATH: sbin, HOME: folder }, stdio: ['ignore', Bun.file(log), Bun.file(log)] },
  )
  const env = { PATH: sbin, HOME: folder, DOCKER_HOST: socket, DOCKER_BUILDKIT: '0' }
  const run = (...args: string[]) => output(['docker', ...args], env)
  const stop = async () => {
    daemon.kill('SIGTERM')
    await daemon.exited
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until('the docker daemon answers', () => answers(env, daemon.exitCode), 30_000)
  } catch (error) {
    const said = (await Bun.file(log).text()).slice(-2000)
    await stop()
    throw new Error(`dockerd does not run here:\n${said}`, { cause: error })
  }
  return { env: { DOCKER_HOST: socket }, run, stop }
}

/** An image of the project, and what it is made of in a test. */
export interface TestImage {
  readonly name: string
  /** Its folder in scripts/docker. */
  readonly dockerfile: string
  /** The executable that the build context holds alone, and its name there. */
  readonly executable: { readonly path: string; readonly name: string }
  /** Programs of this machine that the base has, beside what the executable links to. */
  readonly programs: readonly string[]
}

/** Builds Claude Code's image from the project's Dockerfile on a base of this machine's own programs. */
export function buildClaudeImage(docker: Docker, name: string): Promise<void> {
  const executable = { path: claudePath(), name: 'claude' }
  return buildImage(docker, { name, dockerfile: 'claude-code', executable, programs: PROGRAMS })
}

/** Builds an image from the project's Dockerfile on a base as small as can be, offline. */
export async function buildImage(docker: Docker, image: TestImage): Promise<void> {
  const folder = mkdtempSync(join(homedir(), '.ccproxy-test-image-'))
  try {
    const root = join(folder, 'root')
    await makeRoot(root, image)
    await output(['tar', '-C', root, '-cf', join(folder, 'root.tar'), '.'])
    const base = `${image.name}-base`
    await docker.run('import', join(folder, 'root.tar'), base)
    const context = join(folder, 'context')
    mkdirSync(context)
    const { path, name } = image.executable
    await output(['cp', '--reflink=auto', path, join(context, name)])
    const file = join(ROOT, 'scripts', 'docker', image.dockerfile, 'Dockerfile')
    const args = ['--network', 'none', '--build-arg', `BASE=${base}`]
    await docker.run('build', ...args, '--tag', image.name, '--file', file, context)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A root file system: the programs, a shell among them, and the libraries of them and of the executable. */
async function makeRoot(root: string, { executable, programs }: TestImage): Promise<void> {
  for (const folder of ['bin', 'etc', 'tmp', 'usr/bin', 'usr/local/bin']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  chmodSync(join(root, 'tmp'), 0o1777)
  for (const name of programs) {
    await copy(found(name), join(root, 'bin', name))
    if (name === 'bash') await copy(found(name), join(root, 'bin', 'sh'))
    if (name === 'env') await copy(found(name), join(root, 'usr/bin/env'))
  }
  const linked = await output(['ldd', executable.path, ...programs.map(found)])
  for (const library of new Set(linked.match(/\/[^\s:]*\.so[^\s:]*/g))) {
    await copy(library, join(root, library))
  }
}

function found(program: string): string {
  const path = Bun.which(program)
  if (path === null) throw new Error(`This machine has no "${program}"`)
  return path
}

async function copy(from: string, to: string): Promise<void> {
  await output(['install', '-D', from, to])
}

async function answers(env: Record<string, string>, ended: number | null): Promise<boolean> {
  if (ended !== null) throw new Error(`dockerd ended with ${ended}`)
  const child = Bun.spawn(['docker', 'version'], { env, stdio: ['ignore', 'ignore', 'ignore'] })
  return (await child.exited) === 0
}

async function output(command: string[], env?: Record<string, string>): Promise<string> {
  const child = Bun.spawn(command, {
    ...(env === undefined ? {} : { env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}
