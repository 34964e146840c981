// Package golden holds today's command to registries that earlier versions of it
// wrote. They are in pkg/initiator/registry/sqlite/testdata/golden, a folder for each
// commit; scripts/golden-registry makes one. The recipe in this package says by which
// verbs a registry is filled, and which portals answer meanwhile. A golden registry is
// what the command of that commit made of the recipe.
//
// TestSameRecords has today's command follow the recipe and compares the records, key by
// key and byte by byte. TestSameLists holds what the verbs that list print of a golden
// registry against what the earlier command printed. TestSecretsOpen asks the portals
// again with the secrets that the earlier command sealed. What the values of the records
// mean to the library is the matter of TestGolden in pkg/initiator/registry.
//
// The recipe needs addresses that are always the same, so these tests run in a network
// namespace of their own.
package golden
