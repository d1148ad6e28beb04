/**
 * Installs the dependencies when they are missing or the lockfile changed; every package script
 * runs this first, so it may import nothing that it would have to install.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const stamp = join(root, 'node_modules', '.ccproxy-setup')

function fingerprint(): string {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const file of ['package.json', 'bun.lock']) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function isInstalled(): boolean {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()
}

function install(): void {
  console.error('Installing the dependencies (bun install --frozen-lockfile)')
  const { exitCode } = Bun.spawnSync(
    [process.execPath, 'install', '--frozen-lockfile', '--no-progress'],
    { cwd: root, stdio: ['ignore', 2, 2] },
  )
  if (exitCode !== 0) fail(exitCode)
  writeFileSync(stamp, fingerprint())
}

function fail(exitCode: number): never {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  console.error(`
Cannot install the dependencies: bun install ended with exit code ${exitCode}
  - This is Bun ${Bun.version}, the project is made with ${packageManager}:
    npx -y ${packageManager} run … takes the right one
  - The npm registry must be reachable: try "npm ping"; behind a proxy set HTTPS_PROXY,
    and NODE_EXTRA_CA_CERTS when it brings its own certificates
  - A broken installation is mended by removing node_modules and running the same command again`)
  process.exit(1)
}

if (!isInstalled()) install()
