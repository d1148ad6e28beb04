/** The one gate, the same here and in CI: types, lint and format, architecture, docs fresh, tests. */
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const bun = process.execPath
const tool = (name: string) => [bun, 'x', '--bun', '--no-install', name]

const STEPS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['types', [...tool('tsc'), '-p', '.']],
  ['types of the dashboard', [...tool('tsc'), '-p', 'src/http/dashboard/page']],
  ['lint and format', [...tool('biome'), 'ci', '--error-on-warnings', '.']],
  ['architecture', [bun, 'test', '--only-failures', './test/architecture.test.ts']],
  ['docs fresh', [bun, 'scripts/docs.ts', '--check']],
  ['tests', [bun, 'scripts/test.ts', 'npm']],
]

const failures: string[] = []
for (const [name, command] of STEPS) {
  const started = performance.now()
  const { exitCode } = Bun.spawnSync([...command], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${exitCode === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  if (exitCode !== 0) failures.push(name)
}
console.log(failures.length === 0 ? 'All checks passed' : `Failed: ${failures.join(', ')}`)
process.exit(failures.length === 0 ? 0 : 1)
