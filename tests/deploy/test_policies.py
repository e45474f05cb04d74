"""The policy in each manifest, given to a real Envoy as its control plane gives it."""

import json
import unittest

from . import envoys, manifests

POLICIES = {place: (text, clusters) for place, text, clusters in manifests.policies()}


def bootstrap(text, clusters):
    listener = envoys.listener("gateway", envoys.wasm_filter(text), min(clusters))
    found = [envoys.cluster(name, "127.0.0.1:1") for name in clusters]
    return {"static_resources": {"listeners": [listener], "clusters": found}}


class Policies(unittest.TestCase):
    def test_each_compiles(self):
        for place, (text, clusters) in POLICIES.items():
            with self.subTest(place=place):
                taken, said = envoys.validate(bootstrap(text, clusters))
                self.assertTrue(taken, said)

    def test_a_mistake_in_one_is_refused_with_its_place(self):
        text, clusters = POLICIES["istio"]
        policy = json.loads(text)
        policy["providers"]["cognito"]["audience"] = policy["providers"]["cognito"].pop("audiences")
        taken, said = envoys.validate(bootstrap(json.dumps(policy), clusters))
        self.assertFalse(taken)
        self.assertIn("providers.cognito.audience", said)

    def test_keys_come_from_a_cluster_that_the_same_manifests_make(self):
        for place, (text, clusters) in POLICIES.items():
            with self.subTest(place=place):
                named = {provider["jwks"]["cluster"] for provider in json.loads(text)["providers"].values()}
                self.assertLessEqual(named, clusters)

    def test_all_of_them_say_the_same(self):
        """One example, in the words of each place; only what a cluster is called differs."""
        said = set()
        for text, _ in POLICIES.values():
            policy = json.loads(text)
            for provider in policy["providers"].values():
                provider["jwks"]["cluster"] = "any"
            said.add(json.dumps(policy, sort_keys=True))
        self.assertEqual(len(said), 1)

    def test_what_is_given_to_envoy_gateway_is_what_the_plain_gateway_has(self):
        plain = manifests.envoy_yaml()
        # Envoy takes that of the plain gateway, with this very text, in test_gateway.py.
        [cluster] = [cluster for cluster in plain["static_resources"]["clusters"] if cluster["name"] == "cognito"]
        wanted = {"/static_resources/clusters/-": cluster, "/stats_config": plain["stats_config"]}
        self.assertEqual(manifests.patches(), wanted)


if __name__ == "__main__":
    unittest.main()
