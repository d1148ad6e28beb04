import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from './git.ts'

/** UUIDs of our documents are made in this namespace, itself a random one. */
const NAMESPACE = '5d2f0b0e-6d64-4c0f-9f0e-2c5a7b1f3b8a'
const RUNTIME = manifest.packageManager

interface Json {
  [key: string]: unknown
}

/**
 * The bill of materials (CycloneDX 1.5, JSON) of what is compiled in: the production dependencies as bun.lock has
 * them, and Bun, which every binary holds.
 *
 * 2026-11: made by npm, which Node brings along and which reads any node_modules; Bun has no command for it yet. It
 * gets a folder with the production dependencies alone, because in a whole tree its `--omit=dev` (npm 11.19) also
 * drops production dependencies that a development one has as its peer. Its random serial number, its clock and the
 * name of that folder are replaced.
 */
export async function billOfMaterials(time: Date): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ccproxy-sbom-'))
  try {
    await Bun.write(join(folder, 'bun.lock'), Bun.file(join(ROOT, 'bun.lock')))
    await Bun.write(join(folder, 'package.json'), Bun.file(join(ROOT, 'package.json')))
    const omit = ['--omit=dev', '--omit=optional', '--ignore-scripts']
    await run([process.execPath, 'install', '--frozen-lockfile', '--no-progress', ...omit], folder)
    const { devDependencies: _, ...production } = manifest
    await Bun.write(join(folder, 'package.json'), JSON.stringify(production))
    const format = ['--sbom-format=cyclonedx', '--sbom-type=application', '--loglevel=error']
    return reproducible(await run(['npm', 'sbom', ...format], folder), time)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function run(command: readonly string[], folder: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const [text, complaint, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ])
  if (code === 0) return text
  throw new Error(`Cannot make the SBOM: "${command.join(' ')}" ended with ${code}: ${complaint}`)
}

/** The same document for the same dependencies. */
function reproducible(text: string, time: Date): string {
  const document: unknown = JSON.parse(text)
  if (!isJson(document) || !isJson(document.metadata) || !isJson(document.metadata.component)) {
    throw new Error('Cannot read the SBOM: npm sbom printed something else')
  }
  const { metadata } = document
  const root = `${manifest.name}@${manifest.version}`
  document.metadata = {
    ...metadata,
    timestamp: time.toISOString(),
    component: { ...document.metadata.component, name: manifest.name },
  }
  document.components = [...list(document.components), runtime()]
  document.dependencies = [
    ...list(document.dependencies).map((one) => {
      if (!isJson(one) || one.ref !== root) return one
      return { ...one, dependsOn: [...list(one.dependsOn), RUNTIME].sort() }
    }),
    { ref: RUNTIME, dependsOn: [] },
  ]
  delete document.serialNumber
  const serial = Bun.randomUUIDv5(JSON.stringify(document), NAMESPACE)
  const { $schema, bomFormat, specVersion, ...rest } = document
  const head = { $schema, bomFormat, specVersion, serialNumber: `urn:uuid:${serial}` }
  return `${JSON.stringify({ ...head, ...rest }, null, 2)}\n`
}

function runtime(): Json {
  return {
    'bom-ref': RUNTIME,
    type: 'platform',
    name: 'bun',
    version: RUNTIME.slice('bun@'.length),
    scope: 'required',
    purl: `pkg:npm/${RUNTIME}`,
    licenses: [{ license: { id: 'MIT' } }],
  }
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
