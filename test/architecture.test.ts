import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { violations } from './support/architecture.ts'
import { readSourceTree } from './support/source-tree.ts'

/** The violations of a made-up tree: files by path under `src/`. */
function inTree(files: Readonly<Record<string, string>>): string[] {
  return violations(new Map(Object.entries(files).map(([file, text]) => [`src/${file}`, text])))
}

const LOWER = { 'kit/error.ts': 'export const a = 1\n' }

describe('the house', () => {
  test('keeps its own rules', () => {
    const tree = readSourceTree(join(import.meta.dir, '..'))
    expect(tree.size).toBeGreaterThan(5)
    expect(violations(tree)).toEqual([])
  })
})

describe('a broken rule is found', () => {
  test.each([
    ['import', "import { b } from '../http/app.ts'"],
    ['type import', "import type { B } from '../http/app.ts'"],
    ['re-export', "export { b } from '../http/app.ts'"],
    ['export of all', "export * from '../http/app.ts'"],
    ['bare import', "import '../http/app.ts'"],
    ['dynamic import', "export const b = () => import('../http/app.ts')"],
    ['type query', "export type B = import('../http/app.ts').B"],
    ['import over lines', "import {\n  a, // 'quoted'\n  b,\n} from '../http/app.ts'"],
  ])('upward %s', (_, line) => {
    expect(inTree({ 'http/app.ts': 'export const b = 1\n', 'kit/error.ts': `${line}\n` })).toEqual([
      'src/kit/error.ts: imports "../http/app.ts", which is not on a lower floor',
    ])
  })

  test('auth and record import each other', () => {
    const files = {
      'auth/oauth.ts': "import { b } from '../record/log.ts'\n",
      'record/log.ts': 'export const b = 1\n',
    }
    expect(inTree(files)).toEqual([
      'src/auth/oauth.ts: imports "../record/log.ts", which is not on a lower floor',
    ])
  })

  test('a folder without a floor, a file that is not there, a file outside src', () => {
    const files = {
      'kit/a.ts': "import { b } from './gone.ts'\nimport { c } from '../../test/x.ts'\n",
      'utils/a.ts': '',
    }
    expect(inTree(files)).toEqual([
      'src/kit/a.ts: imports "./gone.ts", which is no file',
      'src/kit/a.ts: imports "../../test/x.ts" from outside src',
      'src/utils/a.ts: "utils" is on no floor',
    ])
  })

  test('cycles, also by type imports, each once', () => {
    const files = {
      'kit/a.ts': "import { b } from './b.ts'\nexport const a = b\n",
      'kit/b.ts': "export * from './c.ts'\n",
      'kit/c.ts': "import type { a } from './a.ts'\nexport type C = typeof a\n",
      'kit/d.ts': "import { a } from './a.ts'\nexport const d = a\n",
    }
    expect(inTree(files)).toEqual([
      'cycle: src/kit/a.ts → src/kit/b.ts → src/kit/c.ts → src/kit/a.ts',
    ])
  })

  test.each([
    ["import { Elysia } from 'elysia'", 'imports "elysia": only http/ knows the framework'],
    [
      "import type { Context } from 'elysia/types'",
      'imports "elysia/types": only http/ knows the framework',
    ],
    [
      "const s = await import('@elysiajs/swagger')",
      'imports "@elysiajs/swagger": only http/ knows the framework',
    ],
    [
      "import { type Hash, createHash } from 'node:crypto'",
      'imports "node:crypto", which delays every start: process.getBuiltinModule does not',
    ],
    ["import { Database } from 'bun:sqlite'", 'imports "bun:sqlite": only record/ speaks SQL'],
    ['export const q = `\n  SELECT a FROM b WHERE c`', 'holds SQL: only record/ does'],
    ["export const q = 'INSERT INTO b VALUES (1)'", 'holds SQL: only record/ does'],
    ['export const e = process.env.HOME', 'reads the environment: only main.ts does'],
    ['export const e = Bun.env.HOME', 'reads the environment: only main.ts does'],
    ["console.log('x')", 'uses console: only cli/ and record/{log,panels}.ts do'],
    ['export default 1', 'has a default export: exports are named'],
    ['const a = 1\nexport { a as default }', 'has a default export: exports are named'],
  ])('%j', (text, problem) => {
    expect(inTree({ ...LOWER, 'gateway/route.ts': `${text}\n` })).toEqual([
      `src/gateway/route.ts: ${problem}`,
    ])
  })

  test('file names, the limit of lines and the larger one of schemas', () => {
    expect(inTree({ 'gateway/route.ts': '// a\n'.repeat(301) })).toEqual([
      'src/gateway/route.ts: has 301 lines, the limit is 300',
    ])
    const long = `${'// a\n'.repeat(399)}export const a = 1\n`
    expect(inTree({ 'config/schema.ts': long, 'kit/jsonSplice.ts': '' })).toEqual([
      'src/kit/jsonSplice.ts: is not named in kebab-case',
    ])
    expect(inTree({ 'config/schema.ts': `//\n${long}` })).toEqual([
      'src/config/schema.ts: has 401 lines, the limit is 400',
    ])
  })
})

test('what the rules allow is not reported', () => {
  const files = {
    ...LOWER,
    'auth/store.ts': "import { a } from '../kit/error.ts'\n/** console.log, process.env */\n",
    'cli/run.ts': "import { app } from '../http/app.ts'\nconsole.log('see process.env', app)\n",
    'http/app.ts':
      "import { Elysia } from 'elysia'\nexport const app = 'https://x // no comment'\n",
    'main.ts': "import { run } from './cli/run.ts'\nrun(process.env)\n",
    'record/ledger.ts':
      "import { Database } from 'bun:sqlite'\nexport const q = 'SELECT a FROM b'\n",
    'record/log.ts': "import type { Hash } from 'node:crypto'\nconsole.error('x')\n",
  }
  expect(inTree(files)).toEqual([])
})
