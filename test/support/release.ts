import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tarGz } from '../../scripts/release/archive.ts'
import { writeSums } from '../../scripts/release/sums.ts'
import { archiveName, hostTarget } from '../../scripts/release/targets.ts'
import { ROOT } from './child.ts'

/** How a release script ended. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs scripts/release.ts. */
export async function runRelease(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = Bun.spawn([process.execPath, join(ROOT, 'scripts/release.ts'), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

/** Makes a release for this machine alone, as `bun run release` does, and gives its folder. */
export async function releaseForHost(
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ccproxy-release-'))
  const ended = await runRelease(
    ['--snapshot', '--target', 'host', '--outdir', folder, ...args],
    env,
  )
  if (ended.code !== 0) throw new Error(`No release: ${ended.stdout}${ended.stderr}`)
  return folder
}

/** A place of releases as install.sh finds it at its base URL: `download/vX` and `latest/download`. */
export class ReleasePlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'ccproxy-releases-'))
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => this.#answer(new URL(request.url).pathname),
  })
  /** What was asked for, in order. */
  readonly requests: string[] = []
  /** Answers in place of the file, where it gives something. */
  instead: (path: string) => Response | undefined = () => undefined

  /** Its base URL. */
  get url(): string {
    return this.#server.url.href.replace(/\/$/, '')
  }

  /** Puts a release that was made into its place, as the latest one. */
  add(version: string, release: string): void {
    cpSync(release, this.path(version), { recursive: true })
    this.setLatest(version)
  }

  /** Makes up a release whose binary is a script that tells its version. */
  async addScript(version: string, script = `echo "ccproxy ${version} (script)"`): Promise<void> {
    const target = hostTarget()
    const bytes = new TextEncoder().encode(`#!/bin/sh\n${script}\n`)
    const path = `ccproxy-${version}-${target}/ccproxy`
    const packed = await tarGz([{ path, bytes, executable: true }], new Date(0))
    const name = archiveName(version, target)
    mkdirSync(this.path(version), { recursive: true })
    await Bun.write(join(this.path(version), name), packed)
    await writeSums(this.path(version), [name])
    this.setLatest(version)
  }

  /** Says which version is the latest. */
  setLatest(version: string): void {
    const latest = join(this.folder, 'latest', 'download')
    rmSync(latest, { recursive: true, force: true })
    mkdirSync(latest, { recursive: true })
    for (const name of readdirSync(this.path(version))) {
      if (name === 'SHA256SUMS') cpSync(join(this.path(version), name), join(latest, name))
    }
  }

  /** The folder of a version's files. */
  path(version: string): string {
    return join(this.folder, 'download', `v${version}`)
  }

  async stop(): Promise<void> {
    await this.#server.stop(true)
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #answer(path: string): Promise<Response> {
    this.requests.push(path)
    const file = Bun.file(join(this.folder, decodeURIComponent(path)))
    const instead = this.instead(path)
    if (instead !== undefined) return instead
    return (await file.exists()) ? new Response(file) : new Response('none', { status: 404 })
  }
}
