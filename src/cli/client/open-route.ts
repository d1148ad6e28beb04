import type { Settings } from '../../config/schema.ts'
import type { CommandContext, CommandInput } from '../command.ts'
import { loadFor } from '../settings.ts'
import { remark } from '../style.ts'
import { joinProxy } from './background-proxy.ts'
import { settingsInput, type Way, wayOf } from './client-flags.ts'
import { keyOf, urlOf } from './proxy-address.ts'
import { askRoute, type Route } from './route.ts'

/** Where a command's client is to go, before anybody is asked. */
export interface Client {
  readonly settings: Settings
  /** What of the command line is settings. */
  readonly input: CommandInput
  readonly way: Way
  readonly address: string
  readonly key: string | undefined
}

/** Reads the settings and the flags of a command that points a client at ccproxy. */
export async function loadClient(context: CommandContext, given: CommandInput): Promise<Client> {
  const way = wayOf(given)
  if (way.warning !== undefined) remark(context, 'Warning', way.warning)
  const input = settingsInput(given)
  const { settings } = await loadFor(context, input)
  const address = urlOf(settings, 'choose one with --port before the command')
  return { settings, input, way, address, key: keyOf(settings) }
}

/** Joins the proxy, which is started where none answers, and asks it what is behind the client's way. */
export async function openRoute(context: CommandContext, client: Client): Promise<Route> {
  const { address, way, key, settings, input } = client
  await joinProxy({ context, input, url: address })
  return askRoute(address, way, key, settings)
}
