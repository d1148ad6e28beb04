/**
 * Makes a release in dist/release/: an archive for each target, an SBOM, install.sh, release notes and the
 * SHA-256 sums of all that is uploaded. The same commit gives the same bytes, wherever and whenever it is made
 * with the same npm.
 *
 *   bun run release                       version of package.json, notes of its section in CHANGELOG.md
 *   bun run release --tag v1.2.3          the same, and the tag has to be that version
 *   bun run release --snapshot            a try: any state of the tree, notes of [Unreleased]
 *   … --repository owner/name             where install.sh downloads from by itself
 *   … --target linux-x64 | host           only these targets (repeatable)
 *   … --binaries dist                     takes binaries that scripts/build.ts made before
 *   … --outdir DIR
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../package.json' with { type: 'json' }
import { type ArchiveFile, tarGz, zip } from './release/archive.ts'
import { type Extra, makeExtras } from './release/extras.ts'
import { commit, isDirty, ROOT, sourceDate } from './release/git.ts'
import { checkTag, releaseNotes, UNRELEASED } from './release/notes.ts'
import { billOfMaterials } from './release/sbom.ts'
import { writeSums } from './release/sums.ts'
import { archiveName, binaryName, chosenTargets, hostTarget, isWindows } from './release/targets.ts'
import { unitFiles } from './release/units.ts'

/** What stands beside the binary in every archive. */
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md']

/** What the binary prints for the archives; a release fails where one of these commands does. */
const EXTRAS: readonly Extra[] = [
  { path: 'completions/ccproxy.bash', command: ['completion', 'bash'] },
  { path: 'completions/_ccproxy', command: ['completion', 'zsh'] },
  { path: 'completions/ccproxy.fish', command: ['completion', 'fish'] },
  { path: 'completions/ccproxy.ps1', command: ['completion', 'powershell'] },
]

const { values } = parseArgs({
  options: {
    tag: { type: 'string' },
    snapshot: { type: 'boolean', default: false },
    repository: { type: 'string' },
    target: { type: 'string', multiple: true },
    binaries: { type: 'string' },
    outdir: { type: 'string' },
  },
})

async function read(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return Bun.file(join(ROOT, name)).bytes()
}

/** The notes, or an error that says why this is no state to release. */
async function checkedNotes(): Promise<string> {
  if (values.tag !== undefined) checkTag(values.tag, version)
  if (!values.snapshot && isDirty()) {
    throw new Error('The tree has changes that are in no commit: commit them, or try --snapshot')
  }
  const changelog = await Bun.file(join(ROOT, 'CHANGELOG.md')).text()
  return releaseNotes(changelog, values.snapshot ? UNRELEASED : version)
}

function build(folder: string, targets: readonly string[]): void {
  const { exitCode } = Bun.spawnSync(
    [
      ...[process.execPath, join(ROOT, 'scripts/build.ts'), '--outdir', folder],
      ...targets.flatMap((target) => ['--target', target]),
    ],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (exitCode !== 0) throw new Error(`Cannot build: scripts/build.ts ended with ${exitCode}`)
}

/** The binaries that are there must be of this version and commit, which the host's tells. */
function checkBinaries(folder: string, targets: readonly string[]): void {
  const missing = targets.find((target) => !existsSync(join(folder, binaryName(target))))
  if (missing !== undefined) throw new Error(`"${join(folder, binaryName(missing))}" is missing`)
  if (!targets.includes(hostTarget())) return
  const { stdout } = Bun.spawnSync([join(folder, binaryName(hostTarget())), '--version'])
  const said = stdout.toString().trim()
  const wanted = `ccproxy ${version} (${commit()})`
  if (said !== wanted) throw new Error(`The binary says "${said}" in place of "${wanted}"`)
}

async function writeArchives(targets: readonly string[], folder: string, time: Date) {
  const documents: ArchiveFile[] = []
  for (const path of DOCUMENTS) documents.push({ path, bytes: await read(path) })
  const extras = await makeExtras(join(folder, binaryName(hostTarget())), EXTRAS)
  for (const target of targets) {
    const started = performance.now()
    const binary: ArchiveFile = {
      path: isWindows(target) ? 'ccproxy.exe' : 'ccproxy',
      bytes: await Bun.file(join(folder, binaryName(target))).bytes(),
      executable: true,
    }
    const files = [binary, ...documents, ...extras.values(), ...unitFiles(target)].map((file) => ({
      ...file,
      path: `ccproxy-${version}-${target}/${file.path}`,
    }))
    const bytes = isWindows(target) ? await zip(files, time) : await tarGz(files, time)
    await Bun.write(join(outdir, archiveName(version, target)), bytes)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const size = (bytes.length / 1e6).toFixed(1)
    console.log(`${archiveName(version, target)}  ${size} MB  ${seconds} s`)
  }
}

/** The installer of this release knows where releases are; the one in the tree has to be told. */
async function installer(): Promise<string> {
  const text = await Bun.file(join(ROOT, 'scripts/install.sh')).text()
  const { repository } = values
  if (repository === undefined) return text
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new Error(`--repository "${repository}" is not of the form owner/name`)
  }
  const filled = text.replace(/^repository=''$/m, `repository='${repository}'`)
  if (filled === text) throw new Error(`scripts/install.sh has no line "repository=''"`)
  return filled
}

/** Only what an earlier run wrote is cleared away. */
function prepareOutdir(): void {
  const foreign = existsSync(outdir) && readdirSync(outdir).length > 0
  if (foreign && !existsSync(join(outdir, 'RELEASE_NOTES.md'))) {
    throw new Error(`"${outdir}" holds something that is no release: give --outdir another folder`)
  }
  rmSync(outdir, { recursive: true, force: true })
  mkdirSync(outdir, { recursive: true })
}

async function release(): Promise<void> {
  const targets = chosenTargets(values.target)
  const notes = await checkedNotes()
  const time = sourceDate(process.env.SOURCE_DATE_EPOCH)
  const script = await installer()
  prepareOutdir()
  await Bun.write(join(outdir, 'RELEASE_NOTES.md'), notes)
  const built = join(outdir, '.binaries')
  const folder = values.binaries === undefined ? built : resolve(values.binaries)
  const needed = [...new Set([...targets, hostTarget()])]
  if (values.binaries === undefined) build(folder, needed)
  checkBinaries(folder, needed)
  await writeArchives(targets, folder, time)
  rmSync(built, { recursive: true, force: true })
  const sbom = `ccproxy-${version}.cdx.json`
  await Bun.write(join(outdir, sbom), await billOfMaterials(time))
  await Bun.write(join(outdir, 'install.sh'), script)
  // The notes become the text of the release; all else is uploaded, and has its sum.
  const archives = targets.map((target) => archiveName(version, target))
  await writeSums(outdir, [...archives, sbom, 'install.sh'])
  console.log(`Release of ${version} (${commit()}) in ${outdir}`)
}

// The times in a zip are local ones.
process.env.TZ = 'UTC'
const outdir = resolve(values.outdir ?? join(ROOT, 'dist', 'release'))
try {
  await release()
} catch (error) {
  console.error(`Error: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}
