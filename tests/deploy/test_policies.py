"""The policy in each manifest, passed to a real Envoy as its control plane does."""
import json
import unittest

from . import envoys, manifests

POLICIES = {platform: (text, clusters) for platform, text, clusters in manifests.policies()}


def bootstrap(text, clusters):
    listener = envoys.listener("gateway", envoys.wasm_filter(text), min(clusters))
    found = [envoys.cluster(name, "127.0.0.1:1") for name in clusters]
    return {"static_resources": {"listeners": [listener], "clusters": found}}


class Policies(unittest.TestCase):
    def test_each_compiles(self):
        for platform, (text, clusters) in POLICIES.items():
            with self.subTest(platform=platform):
                valid, output = envoys.validate(bootstrap(text, clusters))
                self.assertTrue(valid, output)

    def test_a_mistake_is_refused_with_its_path(self):
        text, clusters = POLICIES["istio"]
        policy = json.loads(text)
        policy["providers"]["cognito"]["audience"] = policy["providers"]["cognito"].pop("audiences")
        valid, output = envoys.validate(bootstrap(json.dumps(policy), clusters))
        self.assertFalse(valid)
        self.assertIn("providers.cognito.audience", output)

    def test_keys_come_from_a_cluster_that_the_same_manifests_create(self):
        for platform, (text, clusters) in POLICIES.items():
            with self.subTest(platform=platform):
                named = {provider["jwks"]["cluster"] for provider in json.loads(text)["providers"].values()}
                self.assertLessEqual(named, clusters)

    def test_all_platforms_have_the_same_policy(self):
        """Only the name of the cluster differs."""
        policies = set()
        for text, _ in POLICIES.values():
            policy = json.loads(text)
            for provider in policy["providers"].values():
                provider["jwks"]["cluster"] = "any"
            policies.add(json.dumps(policy, sort_keys=True))
        self.assertEqual(len(policies), 1)

    def test_envoy_gateway_gets_the_cluster_and_stats_tags_of_the_plain_gateway(self):
        plain = manifests.envoy_yaml()
        # test_gateway.py runs these in a real Envoy.
        [cluster] = [cluster for cluster in plain["static_resources"]["clusters"] if cluster["name"] == "cognito"]
        expected = {"/static_resources/clusters/-": cluster, "/stats_config": plain["stats_config"]}
        self.assertEqual(manifests.patches(), expected)


if __name__ == "__main__":
    unittest.main()
