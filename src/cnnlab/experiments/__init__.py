"""Did a change help? Many runs of each variant, and a verdict.

Read: variants, jobs and cluster (where many runs are trained), comparison (their folder), results,
statistics, verdict; and paired, for two finished runs.
"""
