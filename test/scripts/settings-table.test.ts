import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { replaceBetween, settingsTable } from '../../scripts/settings-table.ts'

const leaf = (description: string, more: object = {}) => ({ ccproxy: { description, ...more } })

test('a row for each leaf, nested and named ones too, but not for what is not available', () => {
  const schema = Type.Object({
    server: Type.Object({
      port: Type.Integer({
        default: 8000,
        ...leaf('Port', { env: ['PORT'], flag: 'port', short: 'p' }),
      }),
      later: Type.String(leaf('Later', { unavailable: true })),
    }),
    providers: Type.Record(
      Type.String({ pattern: '^[a-z]+$' }),
      Type.Object({ kind: Type.String(leaf('a | b')) }),
    ),
  })
  expect(settingsTable(schema).split('\n').slice(2)).toEqual([
    '| `server.port` | `8000` | `PORT`, `--port`, `-p` | Port |',
    '| `providers.<name>.kind` | – |  | a \\| b |',
  ])
})

test('a leaf without a description is refused', () => {
  const schema = Type.Object({ a: Type.String({ ccproxy: {} }) })
  expect(() => settingsTable(schema)).toThrow()
})

test('only what stands between the markers is replaced', () => {
  const text = 'before\n<!-- x:start -->\nold\n<!-- x:end -->\nafter\n'
  const replaced = 'before\n<!-- x:start -->\nnew\n<!-- x:end -->\nafter\n'
  expect(replaceBetween(text, 'x', 'new')).toBe(replaced)
  expect(() => replaceBetween('no markers', 'x', 'new')).toThrow('<!-- x:start -->')
})
