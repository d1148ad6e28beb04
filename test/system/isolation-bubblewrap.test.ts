import { describe, expect } from 'bun:test'
import { isolationOptions, shellIsolated } from '../support/isolated.ts'
import { proveIsolation } from '../support/isolation-proof.ts'
import { needs } from '../support/needs.ts'

const test = needs('bwrap')

describe('Claude Code under bubblewrap', () => {
  const given = proveIsolation(test, {
    options: (home) => isolationOptions('bubblewrap', home),
    env: () => ({}),
    left: async () => [],
  })

  test('root inside has none of the rights of root, and sees no process or socket of the outside', async () => {
    const { home, options, env } = given()
    const script = `while read -r name value; do case $name in CapEff:|CapPrm:|NoNewPrivs:) echo $name $value;; esac; done < /proc/self/status
      mount -o remount,rw / 2>/dev/null && echo remounted; ls /run; ls -d /proc/[0-9]* | wc -l; cat ~/readable.txt`
    const { stdout } = await shellIsolated(home, script, options, env)
    const [permitted, effective, noNew, ...rest] = stdout.split('\n')
    expect([permitted, effective, noNew]).toEqual([
      ...['CapPrm: 0000000000000000', 'CapEff: 0000000000000000', 'NoNewPrivs: 1'],
    ])
    expect(Number(rest.at(-2))).toBeLessThan(6)
    // What is in a private folder is not there at all.
    const isPrivate = /^\/(var\/)?tmp\/|^\/run\//.test(home.work)
    expect(rest.at(-1)).toBe(isPrivate ? '' : 'plain')
    expect(rest).not.toContain('remounted')
  })

  test('without a network reaches nobody', async () => {
    const { home, options, env, fake } = given()
    const bubblewrap = { ...options.bubblewrap, network: false }
    const script = `exec 3<>/dev/tcp/127.0.0.1/${fake.port} && echo reached`
    const [open, closed] = await Promise.all([
      shellIsolated(home, script, options, env),
      shellIsolated(home, script, { ...options, bubblewrap }, env),
    ])
    expect([open.stdout, closed.stdout]).toEqual(['reached\n', ''])
  })
})
