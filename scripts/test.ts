/**
 * Runs the tests, files side by side: `test` those that need npm alone, `test system` those of
 * test/system, which need Debian packages, `test slow` those of test/slow, which start a real
 * Claude Code for nearly every test. Further arguments are paths and flags for `bun test`.
 * What a machine lacks is named and counted as not run; with CI=true it fails the run.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Tally, tally, tallyLine } from './tally.ts'

const root = join(import.meta.dir, '..')
/** Suites with a folder of their own; `npm` has all others. */
const FOLDERS: Readonly<Record<string, string>> = { system: 'test/system/', slow: 'test/slow/' }

function testFiles(suite: string, paths: readonly string[]): string[] {
  const all = [...new Bun.Glob('test/**/*.test.ts').scanSync({ cwd: root })].sort()
  const others = Object.values(FOLDERS)
  const own = FOLDERS[suite]
  return all
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) =>
      own === undefined ? !others.some((folder) => file.startsWith(folder)) : file.startsWith(own),
    )
    .filter((file) => paths.length === 0 || paths.some((path) => file.includes(path)))
}

function runBunTest(files: readonly string[], flags: readonly string[], scratch: string) {
  const report = join(scratch, 'report.xml')
  const missing = join(scratch, 'not-run.txt')
  const { exitCode } = Bun.spawnSync(
    [
      process.execPath,
      'test',
      '--parallel',
      '--only-failures',
      // A busy machine is no failure: what hangs is still found.
      '--timeout=30000',
      '--reporter=junit',
      `--reporter-outfile=${report}`,
      ...flags,
      ...files.map((file) => `./${file}`),
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CCPROXY_TEST_NOT_RUN: missing },
    },
  )
  const result = tally(existsSync(report) ? readFileSync(report, 'utf8') : '', files)
  if (exitCode !== 0 && result.failed === 0) result.failed = 1
  const notRun = existsSync(missing) ? readFileSync(missing, 'utf8').trim().split('\n') : []
  return { result, notRun: [...new Set(notRun)].sort() }
}

function report(result: Tally, notRun: readonly string[]): void {
  for (const line of notRun) console.log(`Not run: ${line}`)
  console.log(tallyLine(result))
  const folder = process.env.CCPROXY_TEST_TALLY
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  const label = process.env.CCPROXY_TEST_LABEL ?? suite
  writeFileSync(join(folder, label), `${result.passed} ${result.failed} ${result.skipped}\n`)
}

const [suite = 'npm', ...rest] = process.argv.slice(2)
const paths = rest.filter((argument) => !argument.startsWith('-'))
const flags = rest.filter((argument) => argument.startsWith('-'))
const files = testFiles(suite, paths)
if (files.length === 0) {
  console.error(`Cannot find tests: no file of the suite "${suite}" matches ${paths.join(', ')}`)
  process.exit(2)
}
const scratch = mkdtempSync(join(tmpdir(), 'ccproxy-test-'))
const { result, notRun } = runBunTest(files, flags, scratch)
rmSync(scratch, { recursive: true, force: true })
report(result, notRun)
const strict = process.env.CI === 'true'
if (strict && result.skipped > 0) console.error('With CI=true every test must run')
process.exit(result.failed > 0 || (strict && result.skipped > 0) ? 1 : 0)
