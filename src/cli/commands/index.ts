import type { CommandEntry } from '../command.ts'

/** The one list of commands, in the order of the help; each module loads when it is needed. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'serve', serves: true, load: async () => (await import('./serve.ts')).serve },
  {
    name: 'code',
    foreign: 'after-name',
    load: async () => (await import('./code.ts')).code,
  },
  { name: 'run', foreign: 'at-program', load: async () => (await import('./run.ts')).run },
  { name: 'env', load: async () => (await import('./env.ts')).env },
  { name: 'auth', load: async () => (await import('./auth.ts')).auth },
  { name: 'demo', serves: true, load: async () => (await import('./demo.ts')).demo },
  { name: 'config', load: async () => (await import('./config.ts')).config },
  {
    name: 'generate-token',
    load: async () => (await import('./generate-token.ts')).generateToken,
  },
  { name: 'doctor', load: async () => (await import('./doctor.ts')).doctor },
  { name: 'models', load: async () => (await import('./models.ts')).models },
  { name: 'service', load: async () => (await import('./service.ts')).service },
  {
    name: 'permissions',
    load: async () => (await import('./permissions.ts')).permissions,
  },
  { name: 'logs', load: async () => (await import('./logs.ts')).logs },
  { name: 'stats', load: async () => (await import('./stats.ts')).stats },
  { name: 'statusline', load: async () => (await import('./statusline.ts')).statusline },
  { name: 'health', load: async () => (await import('./health.ts')).health },
  { name: 'completion', load: async () => (await import('./completion.ts')).completion },
  { name: 'version', load: async () => (await import('./version.ts')).version },
]
