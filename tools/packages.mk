# The Debian packages that are needed: tools/packages.list, the one list.

packages: ## install the Debian packages that are missing (tools/packages.list)
	$(Q)tools/packages build wprof lab test page

.PHONY: packages
