# SPDX-License-Identifier: Apache-2.0
"""Tells cocmail when something changed in Mailman. Mailman looks for a plugin in a package."""
