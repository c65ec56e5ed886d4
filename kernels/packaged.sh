# shellcheck shell=bash disable=SC2154 # build.sh sets them
# SPDX-License-Identifier: GPL-3.0-or-later
# Debian's own kernels, by package from the machine's own mirror: part of build.sh.

suites=(bullseye bookworm trixie sid)

# The stanzas of this machine's apt sources, as its *.sources have them, with
# those of its *.list brought to that form. An empty line ends each.
apt_sources() {
	local etc=${PINSCALE_APT:-/etc/apt} file

	for file in "$etc"/sources.list.d/*.sources; do
		[[ ! -f $file ]] || { cat "$file" && echo; }
	done
	for file in "$etc"/sources.list "$etc"/sources.list.d/*.list; do
		[[ ! -f $file ]] || awk '
			$1 == "deb" {
				line = $0
				sub(/^[ \t]*deb[ \t]+/, "", line)
				options = ""
				if (line ~ /^\[/) {
					options = line
					sub(/\].*/, "", options)
					sub(/^\[[ \t]*/, "", options)
					sub(/^[^]]*\][ \t]*/, "", line)
				}
				n = split(line, word)
				print "Types: deb\nURIs: " word[1] "\nSuites: " word[2]
				printf "Components:"
				for (i = 3; i <= n && word[i] !~ /^#/; i++)
					printf " %s", word[i]
				print ""
				n = split(options, word)
				for (i = 1; i <= n; i++) {
					if (sub(/^signed-by=/, "", word[i]))
						print "Signed-By: " word[i]
					else if (sub(/^trusted=/, "", word[i]))
						print "Trusted: " word[i]
				}
				print ""
			}' "$file"
	done
}

# mirror_of SUITE: the stanza of Debian's mirror, with another suite. It is the
# one that has Debian's main for this machine's release, or for any we know.
mirror_of() {
	apt_sources | awk -v suite="$1" -v known=" $(release_name) ${suites[*]} stable testing unstable " '
		function done(   i, n, word, ours) {
			n = split(value["suites"], word, " ")
			for (i = 1; i <= n; i++)
				ours = ours || index(known, " " word[i] " ")
			if (ours && !found && value["uris"] && (" " value["types"] " ") ~ / deb / &&
			    (" " value["components"] " ") ~ / main / && value["enabled"] !~ /^(no|false)$/) {
				print "Types: deb\nURIs: " value["uris"] "\nSuites: " suite
				print "Components: main\nArchitectures: amd64" keys
				found = 1
			}
			delete value
			keys = ""
			key = ""
		}
		/^[[:space:]]*#/ { next }
		/^[[:space:]]*$/ { done(); next }
		/^[^[:space:]]/ {
			key = tolower($0)
			sub(/:.*/, "", key)
			text = $0
			sub(/^[^:]*:[[:space:]]*/, "", text)
			value[key] = text
			if (key == "signed-by" || key == "trusted")
				keys = keys "\n" $0
			next
		}
		key == "signed-by" { keys = keys "\n" $0; next }
		{ sub(/^[[:space:]]+/, " "); value[key] = value[key] $0 }
		END { done(); exit !found }'
}

release_name() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null || true
}

# apt_in SUITE COMMAND...: apt with everything it writes in a directory of ours.
apt_in() {
	local home=$apt/$1 command=$2

	shift 2
	mkdir -p "$home"/{sources,state/lists/partial,cache/archives/partial}
	: >"$home/status"
	cat >"$home/apt.conf" <<-END
	Dir::Etc::sourcelist "/dev/null";
	Dir::Etc::sourceparts "$home/sources";
	Dir::State "$home/state";
	Dir::State::status "$home/status";
	Dir::Cache "$home/cache";
	Dir::Log "$home";
	APT::Architecture "amd64";
	#clear APT::Architectures;
	APT::Architectures { "amd64"; };
	APT::Sandbox::User "";
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear Acquire::IndexTargets;
	Acquire::IndexTargets::deb::Packages { MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages"; };
	Acquire::Languages "none";
	Acquire::Retries "1";
	Acquire::http::Timeout "20";
	Acquire::https::Timeout "20";
	END
	"$command" -c "$home/apt.conf" -q "$@"
}

# look_up: which kernels the mirror has, to $apt/index: name, suite, package
# and version, of each series the newest.
look_up() {
	local suite out name kernels found=

	for name in apt-get apt-cache dpkg-deb; do
		command -v "$name" >/dev/null || die "Debian's packages are fetched with $name, which this machine does not have."
	done
	mkdir -p "$apt" 2>/dev/null || die "Cannot make $apt. Set PINSCALE_CACHE to a directory you may write to."
	: >"$apt/index.new"
	for suite in "${suites[@]}"; do
		mkdir -p "$apt/$suite/sources"
		mirror_of "$suite" >"$apt/$suite/sources/debian.sources" ||
			die "${PINSCALE_APT:-/etc/apt} names no mirror of Debian's that its kernels could be fetched from."
		say "asking Debian's mirror for the kernels of $suite"
		kernels=
		if out=$(apt_in "$suite" apt-get update --error-on=any 2>&1); then
			kernels=$(packages_of "$suite")
			out='E: it has no kernels there'
		fi
		if [[ -n $kernels ]]; then
			found=1
			printf '%s\n' "$kernels" >>"$apt/index.new"
		else
			out=$(grep -E '^E' <<<"$out" | head -n 1)
			say "The mirror does not give $suite: ${out#E: }."
		fi
	done
	[[ -n $found ]] || die "No suite of Debian's mirror can be had; is there a network?"
	sort -t ' ' -k 1,1V -k 4,4V "$apt/index.new" | awk '{ last[$1] = $0 } END { for (s in last) print last[s] }' |
		sort -V >"$apt/index"
	rm "$apt/index.new"
}

packages_of() {
	local package version

	while read -r package; do
		version=$(apt_in "$1" apt-cache madison "$package" | awk -F ' *[|] *' 'NR == 1 { print $2 }')
		[[ -z $version ]] ||
			printf 'debian-%s %s %s %s\n' "$(grep -oE '[0-9]+\.[0-9]+' <<<"$package" | head -n 1)" "$1" "$package" "$version"
	done < <(apt_in "$1" apt-cache pkgnames linux-image- | grep -E '^linux-image-[0-9]+\.[0-9]+[0-9.]*([-+][a-z0-9.+]+)?-amd64$' | sort)
}

packaged_list() {
	look_up
	awk '{ printf "%-14s %s, package %s of %s\n", $1, $4, $3, $2 }' "$apt/index"
}

# find_packaged NAME: sets suite, package, version and dir; fails where the index has none.
find_packaged() {
	[[ -f $apt/index ]] || return 1
	read -r _ suite package version < <(awk -v name="$1" '$1 == name' "$apt/index") || return 1
	dir=$cache/$(printf '%s\n' packaged "$package" "$version" | sha256sum | cut -c 1-16)
}

# download PACKAGE: into $work/packages, and unpacked in $work/root.
download() {
	local out deb

	say "$variant: fetching $1 from Debian's mirror"
	mkdir -p "$work/packages" "$work/root"
	out=$(cd "$work/packages" && apt_in "$suite" apt-get download "$1" 2>&1) ||
		die "Fetching $1 failed: $(grep -E '^(E|Err)' <<<"$out" | head -n 1). 'kernels/build.sh --packaged' looks up what there is."
	for deb in "$work"/packages/*.deb; do
		out=$(dpkg-deb -x "$deb" "$work/root" 2>&1) ||
			die "Unpacking $(basename "$deb") failed: ${out##*$'\n'}. Check the space there ('df $cache')."
	done
	rm "$work"/packages/*.deb
}

# Newer packages of the kernel depend on others that have the files.
download_all() {
	local other

	download "$package=$version"
	while read -r other; do
		download "$other"
	done < <(apt_in "$suite" apt-cache depends --no-recommends --no-suggests "$package=$version" |
		sed -nE 's/^ *(Pre)?Depends: (linux-(binary|modules|image|base)-[^ ]*-amd64)$/\2/p')
}

fetch_packaged() {
	local result=$work/result image_file release modules

	mkdir "$result"
	download_all
	image_file=$(find "$work/root" -name 'vmlinuz*' -type f -print -quit)
	is_bzimage "$image_file" ||
		die "The package $package $version has no kernel that boots on this kind of machine."
	modules=$(find "$work/root" -path '*/lib/modules/*' -name kernel -type d -print -quit)
	release=${package#linux-image-}
	[[ -z $modules ]] || release=$(basename "$(dirname "$modules")")
	cp "$image_file" "$result/bzImage"
	find "$work/root" \( \( -name "config-$release" -o -path "*/modules/$release/config" \) -exec cp {} "$result/.config" \; \) \
		-o \( \( -name "System.map-$release" -o -path "*/modules/$release/System.map" \) -exec cp {} "$result/System.map" \; \)
	# Most have one that only says where the real one is.
	! grep -qs 'real System.map' "$result/System.map" || rm "$result/System.map"
	printf '%s\n' "$release" >"$result/release"
	printf 'summary = %s %s of %s\n' "$package" "$version" "$suite" >"$result/variant.ini"
	if [[ -n $modules ]]; then
		! command -v depmod >/dev/null || depmod -b "${modules%/lib/modules/*}" "$release" 2>/dev/null || true
		mkdir "$result/modules"
		mv "${modules%/kernel}" "$result/modules/"
		rm -f "$result/modules/$release"/{vmlinuz,config,System.map}
	fi
	put_in_cache "$result" "$dir"
}

# packaged_kernel NAME ONLY_PATH
packaged_kernel() {
	variant=$1
	if find_packaged "$1" && [[ -f $dir/bzImage ]]; then
		printf '%s\n' "$dir/bzImage"
		return
	fi
	[[ -z $2 ]] || exit 1
	if [[ -z $(find "$apt/index" -mmin -1440 2>/dev/null) ]]; then
		look_up
	fi
	find_packaged "$1" || die "Debian's mirror has no kernel '$1'; 'kernels/build.sh --packaged' names those it has."
	make_cache
	lock_cache
	[[ -f $dir/bzImage ]] || fetch_packaged
	printf '%s\n' "$dir/bzImage"
}
