import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, tempDir } from './child.ts'
import { within } from './wait.ts'

/** What a booted machine's script printed, by the names of its sections. */
export type BootReport = Readonly<Record<string, string>>

const BOOT_MS = 90_000

/**
 * Boots a real systemd in a container of this machine's own /usr with nothing else on its disks, runs a script there
 * as root, and gives what stands behind each line `## NAME` of its output. `/opt/ccproxy/ccproxy` is ccproxy, from
 * source or the binary that CCPROXY_BINARY names; `programs` are others, by their paths there.
 */
export async function inBootedSystemd(
  script: string,
  programs: Readonly<Record<string, string>> = {},
): Promise<BootReport> {
  const folder = tempDir()
  const tools = join(folder.path, 'tools')
  const out = join(folder.path, 'out')
  mkdirSync(tools)
  mkdirSync(out)
  const header = '#!/bin/bash\nexec >/opt/out/report 2>&1\nexport HOME=/root LC_ALL=C.UTF-8\ncd /\n'
  write(join(tools, 'script'), `${header}${script}\nsystemctl --force poweroff\n`)
  const nspawn = Bun.spawn([...asRoot(), ...containerCommand(folder.path, tools, out, programs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const console = Promise.all([
    new Response(nspawn.stdout).text(),
    new Response(nspawn.stderr).text(),
  ])
  try {
    await within(BOOT_MS, 'the end of the booted machine', nspawn.exited)
    const report = join(out, 'report')
    if (!existsSync(report)) throw new Error(`It did not boot:\n${(await console).join('\n')}`)
    return sections(readFileSync(report, 'utf8'))
  } finally {
    nspawn.kill('SIGTERM')
    folder.remove()
  }
}

function asRoot(): string[] {
  return process.getuid?.() === 0 ? [] : ['sudo', '-n']
}

function containerCommand(
  folder: string,
  tools: string,
  out: string,
  programs: Readonly<Record<string, string>>,
): string[] {
  const more = Object.entries(programs).map(([path, file]) => `--bind-ro=${file}:${path}`)
  const binary = process.env.CCPROXY_BINARY
  const own = binary ? [`--bind-ro=${binary}:/opt/ccproxy/ccproxy`] : fromSource(tools)
  return [
    'systemd-nspawn',
    '--directory=/',
    '--volatile=yes',
    `--machine=ccproxy-test-${folder.replace(/^.*-/, '')}`,
    ...['--private-network', '--register=no', '--keep-unit', '--boot'],
    ...[`--bind-ro=${tools}:/opt/tools`, `--bind=${out}:/opt/out`, ...own, ...more],
    '--',
    'systemd.run=/opt/tools/script',
    'systemd.mask=systemd-firstboot.service',
  ]
}

function fromSource(tools: string): string[] {
  const start = join(tools, 'ccproxy')
  write(start, '#!/bin/sh\nexec /opt/bun/bun /opt/source/src/main.ts "$@"\n')
  return [
    `--bind-ro=${start}:/opt/ccproxy/ccproxy`,
    `--bind-ro=${process.execPath}:/opt/bun/bun`,
    `--bind-ro=${ROOT}:/opt/source`,
  ]
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

function sections(text: string): BootReport {
  const parts = text.split(/^## (.*)$/m)
  const found: Record<string, string> = {}
  for (let at = 1; at < parts.length; at += 2) {
    found[parts[at] ?? ''] = (parts[at + 1] ?? '').trim()
  }
  return found
}
