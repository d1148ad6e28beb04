/**
 * Compiles the binaries into dist/ with their SHA-256 sums: all of them, or those named with
 * `--target` (`linux-x64`; `host` is this machine's). The Bun of another platform comes from npm.
 *
 * 2026: identifiers stay whole, because a stack trace in a bug report is worth more than 1 % of
 * size, and because Elysia reads the source of its handlers.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dir, '..')

/** Our name of each platform, and Bun's. */
const TARGETS: Readonly<Record<string, Bun.Build.CompileTarget>> = {
  'linux-x64': 'bun-linux-x64',
  'linux-arm64': 'bun-linux-arm64',
  'linux-x64-musl': 'bun-linux-x64-musl',
  'linux-arm64-musl': 'bun-linux-arm64-musl',
  'macos-x64': 'bun-darwin-x64',
  'macos-arm64': 'bun-darwin-arm64',
  'windows-x64': 'bun-windows-x64',
}

function hostTarget(): string {
  const system = { darwin: 'macos', win32: 'windows' }[process.platform as string] ?? 'linux'
  const musl = system === 'linux' && existsSync(`/lib/ld-musl-${muslArch()}.so.1`)
  return `${system}-${process.arch}${musl ? '-musl' : ''}`
}

function muslArch(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64'
}

function binaryName(target: string): string {
  return `ccproxy-${target}${target.startsWith('windows') ? '.exe' : ''}`
}

function git(...command: string[]): string {
  const { exitCode, stdout } = Bun.spawnSync(['git', ...command], { cwd: root, stderr: 'ignore' })
  return exitCode === 0 ? stdout.toString().trim() : ''
}

/** The commit as `--version` shows it; a source archive has none. */
function commit(): string {
  const head = git('rev-parse', '--short=12', 'HEAD')
  if (head === '') return 'unknown'
  return git('status', '--porcelain') === '' ? head : `${head}-dirty`
}

async function compile(target: string, bunTarget: Bun.Build.CompileTarget, folder: string) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const scratch = mkdtempSync(join(folder, '.build-'))
  const { success, logs } = await Bun.build({
    entrypoints: [join(root, 'src/main.ts')],
    target: 'bun',
    format: 'esm',
    minify: { whitespace: true, syntax: true, identifiers: false },
    sourcemap: 'linked',
    bytecode: true,
    // What is imported lazily stays a chunk of its own: start-up reads none of it (−2 ms).
    splitting: true,
    define: {
      CCPROXY_VERSION: JSON.stringify(version),
      CCPROXY_COMMIT: JSON.stringify(commit()),
    },
    compile: {
      target: bunTarget,
      // Bytecode depends on the outfile's name (not its folder), so the name is part of a build.
      outfile: join(scratch, binaryName(target)),
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    throw: false,
  })
  if (!success) throw new Error(`Cannot compile ${target}:\n${logs.join('\n')}`)
  // The maps are inside the binary; their copies beside it are of no use to anyone.
  renameSync(join(scratch, binaryName(target)), join(folder, binaryName(target)))
  rmSync(scratch, { recursive: true })
}

function writeSums(folder: string): void {
  const lines = Object.keys(TARGETS)
    .map(binaryName)
    .filter((name) => existsSync(join(folder, name)))
    .map((name) => {
      const bytes = readFileSync(join(folder, name))
      return `${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}  ${name}\n`
    })
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''))
}

const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, outdir: { type: 'string' } },
})
const folder = values.outdir ?? join(root, 'dist')
const wanted = values.target?.map((name) => (name === 'host' ? hostTarget() : name))
mkdirSync(folder, { recursive: true })
for (const target of wanted ?? Object.keys(TARGETS)) {
  const bunTarget = TARGETS[target]
  if (bunTarget === undefined) {
    console.error(`Unknown target "${target}": use one of ${Object.keys(TARGETS).join(', ')}, host`)
    process.exit(2)
  }
  const started = performance.now()
  rmSync(join(folder, binaryName(target)), { force: true })
  await compile(target, bunTarget, folder)
  const { size } = Bun.file(join(folder, binaryName(target)))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${binaryName(target)}  ${(size / 1e6).toFixed(0)} MB  ${seconds} s`)
}
writeSums(folder)
