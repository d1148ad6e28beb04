import { basename } from 'node:path'
import { launchdPlan } from '../../src/cli/service/launchd.ts'
import { SYSTEM_USER, systemdSystemPlan } from '../../src/cli/service/systemd.ts'
import type { ArchiveFile } from './archive.ts'

/** The newest systemd in wide use: what an older one does not know it says and passes over. */
const SYSTEMD = 254

/** The service's files as `ccproxy service install` writes them, for those who install by other means. */
export function unitFiles(target: string): ArchiveFile[] {
  const options = {
    variables: {},
    configFile: undefined,
    isolation: 'none',
  } as const
  if (target.startsWith('linux')) {
    const plan = systemdSystemPlan({
      ...options,
      binary: '/usr/local/bin/ccproxy',
      home: '/var/lib/ccproxy',
      configFolder: '/etc/ccproxy',
      unitFolder: '/etc/systemd/system',
      version: SYSTEMD,
      namespaces: true,
      user: SYSTEM_USER,
    })
    const units = plan.files.filter(({ path }) => /systemd|sysusers/.test(path))
    return units.map(({ path, text }) => fileOf(`systemd/${nameOf(path)}`, text))
  }
  if (!target.startsWith('macos')) return []
  const home = '/Users/YOU'
  const plan = launchdPlan({
    ...options,
    binary: '/usr/local/bin/ccproxy',
    home,
    configFolder: `${home}/.config/ccproxy`,
    uid: 501,
  })
  return plan.files.map(({ path, text }) => fileOf(`launchd/${basename(path)}`, text))
}

/** Two files of one name would meet: the one for users is called for what it is. */
function nameOf(path: string): string {
  return path.includes('sysusers.d') ? 'ccproxy.sysusers.conf' : basename(path)
}

function fileOf(path: string, text: string): ArchiveFile {
  return { path, bytes: new TextEncoder().encode(text) }
}
