import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { limitBars } from '../../src/http/dashboard/page/limit-bars.ts'
import { DASHBOARD_SHELL_PATHS, dashboardShell } from '../../src/http/dashboard/shell.ts'
import { startCcproxy } from '../support/ccproxy.ts'
import { ROOT, tempDir } from '../support/child.ts'

const KEY = 'key-of-the-test-0123456789'

describe('the page at /dashboard', () => {
  test('is open, holds to its own origin, and runs nothing that stands in its markup', async () => {
    const proxy = await startCcproxy({ env: { AUTH_TOKEN: KEY } })
    try {
      for (const path of DASHBOARD_SHELL_PATHS) {
        const reply = await fetch(proxy.url + path)
        expect([path, reply.status]).toEqual([path, 200])
        const policy = reply.headers.get('content-security-policy') ?? ''
        expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'")
        expect(policy).toContain("connect-src 'self'; img-src 'self' data:")
        expect(policy).toContain("frame-ancestors 'none'")
        expect(policy).not.toContain('unsafe')
        expect(reply.headers.get('x-content-type-options')).toBe('nosniff')
        // Nothing outside, but the names of XML.
        const text = await reply.text()
        expect(text.length).toBeGreaterThan(1000)
        expect(text.match(/(?:https?:)?\/\/[a-z0-9-]+\.[a-z]+/gi) ?? []).toEqual([])
        const refused = await fetch(proxy.url + path, {
          method: 'PUT',
          headers: { 'x-api-key': KEY },
        })
        expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET'])
      }
      const html = await (await fetch(`${proxy.url}/dashboard`)).text()
      expect(html).not.toMatch(
        /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|<script[^>]*>[^<]/,
      )
      const data = await fetch(`${proxy.url}/logs/status`)
      expect(data.status).toBe(401)
    } finally {
      await proxy.stop()
    }
  })

  test('does not exist where it is switched off, and says which setting does it', async () => {
    const proxy = await startCcproxy({ toml: '[record]\ndashboard = false\n' })
    try {
      for (const path of [...DASHBOARD_SHELL_PATHS, '/dashboard/login']) {
        const reply = await fetch(proxy.url + path)
        expect([path, reply.status]).toEqual([path, 404])
        expect(await reply.text()).toContain('set record.dashboard to true')
      }
      expect((await fetch(`${proxy.url}/logs/status`)).status).toBe(200)
    } finally {
      await proxy.stop()
    }
  })
})

test('a compiled binary holds the same page, and reads nothing beside it', async () => {
  const folder = tempDir()
  const [program, entry] = [join(folder.path, 'shell'), 'test/support/dashboard-shell.ts']
  const run = (command: string[], cwd: string) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd })
    if (exitCode !== 0) throw new Error(stderr.toString())
    return stdout.toString()
  }
  try {
    const flags = ['--compile', '--bytecode', '--format=esm', '--outfile', program]
    run([process.execPath, 'build', ...flags, entry], ROOT)
    const files: Record<string, string> = JSON.parse(run([program], folder.path))
    expect(Object.keys(files)).toEqual([...DASHBOARD_SHELL_PATHS])
    for (const [path, text] of Object.entries(files)) {
      expect([path, text === (await (await dashboardShell(path)).text())]).toEqual([path, true])
    }
  } finally {
    folder.remove()
  }
}, 60_000)

test('bars of plan limits are read from what the headers say', () => {
  const values = {
    status: 'allowed',
    '7d-utilization': '0.87',
    '7d-reset': '1795300000',
    '5h-utilization': '1.2',
    'overage-utilization': '0',
    'broken-utilization': 'much',
    '7d_opus-utilization': '0.5',
  }
  expect(limitBars(values)).toEqual([
    { label: '5 hours', used: 1.2, resetsAt: undefined },
    { label: '7 days', used: 0.87, resetsAt: 1_795_300_000_000 },
    { label: '7d opus', used: 0.5, resetsAt: undefined },
    { label: 'Overage', used: 0, resetsAt: undefined },
  ])
})
