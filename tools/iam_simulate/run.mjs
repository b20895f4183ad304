// Asks @cloud-copilot/iam-simulate about cases in the format of `passrole decide --jsonl`, one a line on standard
// input, and writes `{"id": …, "decision": …}` a line, or `{"id": …, "error": …}` where it cannot be asked.

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { simulation, verdict } from './simulation.mjs'

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line)
  let answer
  try {
    answer = { id: given.id, ...verdict(await runSimulation(simulation(given), {})) }
  } catch (error) {
    answer = { id: given.id, error: String(error.message ?? error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
