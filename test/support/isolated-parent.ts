/** Starts the process of the variable SPEC as ccproxy does, begins a turn, and stays. */
import { spawn } from 'node:child_process'
import { isRecord } from '../../src/kit/json.ts'

const spec: unknown = JSON.parse(process.env.SPEC ?? '{}')
if (!isRecord(spec) || !Array.isArray(spec.args) || !isRecord(spec.env)) throw new Error('No SPEC')
const child = spawn(String(spec.command), spec.args.map(String), {
  cwd: String(spec.cwd),
  env: Object.fromEntries(Object.entries(spec.env).map(([name, value]) => [name, String(value)])),
  stdio: ['pipe', 'ignore', 'inherit'],
})
const turn = { type: 'user', message: { role: 'user', content: 'Hello' } }
child.stdin?.write(`${JSON.stringify(turn)}\n`)
setInterval(() => undefined, 60_000)
