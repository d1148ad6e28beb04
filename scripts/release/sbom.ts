import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from './git.ts'

/** UUIDs of our documents are made in this namespace, itself a random one. */
const NAMESPACE = '5d2f0b0e-6d64-4c0f-9f0e-2c5a7b1f3b8a'
const RUNTIME = manifest.packageManager

interface Json {
  [key: string]: unknown
}

/**
 * The bill of materials (CycloneDX 1.5, JSON) of what is compiled in: the production dependencies as they are
 * installed, and Bun, which every binary holds.
 *
 * 2026-11: made by npm, which reads any node_modules, needs no network and nothing more than Node's own
 * package manager; Bun has no command for it yet. Its random serial number, clock and folder name are replaced.
 */
export async function billOfMaterials(time: Date): Promise<string> {
  return reproducible(await npmSbom(), time)
}

async function npmSbom(): Promise<string> {
  const child = Bun.spawn(
    [
      ...['npm', 'sbom', '--sbom-format=cyclonedx', '--sbom-type=application'],
      ...['--omit=dev', '--omit=optional', '--loglevel=error'],
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const [text, complaint, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`Cannot make the SBOM: npm sbom ended with ${code}: ${complaint}`)
  return text
}

/** The same document for the same dependencies; exported for its test. */
export function reproducible(text: string, time: Date): string {
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
